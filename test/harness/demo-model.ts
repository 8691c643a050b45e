import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { writeDemoModel } from '../../src/daemon/adapters/embedded/demo-model.ts'

/** The demo model in a folder that goes with the test file. */
export const demoModel = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'mcpd-model-'))
  afterAll(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'mcpd-demo.gguf')
  await writeDemoModel(path)
  return path
}

/** Why llama.cpp cannot run here; undefined when it can. */
export const whyNoRuntime = async (): Promise<string | undefined> => {
  try {
    const { getLlama } = await import('node-llama-cpp')
    const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true })
    await llama.dispose()
    return undefined
  } catch (error) {
    const why = `node-llama-cpp cannot be loaded: ${(error as Error).message}`
    console.warn(`skipped: the embedded model (${why})`)
    return why
  }
}
