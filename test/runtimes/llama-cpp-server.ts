import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildDemoModel } from '../../src/daemon/adapters/embedded/demo-model.ts'
import { answers, freePort, pythonOf, startProgram } from './program.ts'

/** The server of llama-cpp-python with the demo model of mcpd, called `demo`. */
export const startLlamaCpp = async (): Promise<{
  readonly url: string
  readonly close: () => Promise<void>
}> => {
  const folder = await mkdtemp(join(tmpdir(), 'mcpd-llama-cpp-model-'))
  const model = join(folder, 'demo.gguf')
  await writeFile(model, buildDemoModel())
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const program = await startProgram({
    name: 'llama-cpp',
    command: [
      pythonOf('llama'),
      '-m',
      'llama_cpp.server',
      '--model',
      model,
      '--model_alias',
      'demo',
      // As it comes, every request cuts off the one before it.
      '--interrupt_requests',
      'False',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--n_ctx',
      '2048',
      '--n_threads',
      '2',
    ],
    isReady: () => answers(`${url}/v1/models`),
  })
  const close = async (): Promise<void> => {
    await program.close()
    await rm(folder, { recursive: true, force: true })
  }
  return { url, close }
}
