import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { McpdError } from '../../core/errors.ts'
import { startStandIn } from './stand-in.ts'

/** A daemon of our own to be tested, whose backend is a stand-in: nothing of the user's is touched. */
export interface OwnDaemon extends AsyncDisposable {
  readonly url: URL
}

const program = fileURLToPath(new URL('../../../bin/mcpd-daemon.js', import.meta.url))
const readyMaxMs = 30_000
const stopMaxMs = 10_000

/** Temporary state directory, free ports, and a backend that takes everything. Throws INTERNAL when it does not start. */
export const startOwnDaemon = async (signal: AbortSignal): Promise<OwnDaemon> => {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'mcpd-fuzz-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))

  const config = join(folder, 'mcpd.yaml')
  const backend = await startStandIn()
  stack.defer(() => backend.close())
  await writeFile(config, `backends: [{ name: stand-in, adapter: openai, url: '${backend.url}' }]\n`)
  const child = spawn(
    process.execPath,
    [
      program,
      '--config',
      config,
      '--state-dir',
      join(folder, 'state'),
      '--port',
      '0',
      '--no-discover',
      '--log-level',
      'error',
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], env: ownEnvironment(process.env) },
  )
  const ended = once(child, 'exit')
  stack.defer(async () => {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMaxMs)
    await ended
    clearTimeout(timer)
  })
  const limit = AbortSignal.any([signal, AbortSignal.timeout(readyMaxMs)])
  const [message] = (await Promise.race([
    once(child, 'message', { signal: limit }),
    ended.then(() => {
      throw new McpdError('INTERNAL', 'The daemon to be tested did not start.')
    }),
  ])) as [{ readonly type: string; readonly url?: string; readonly message?: string }]
  if (message.url === undefined)
    throw new McpdError('INTERNAL', `The daemon to be tested did not start: ${message.message ?? ''}`)
  const all = stack.move()
  return { url: new URL(message.url), [Symbol.asyncDispose]: () => all.disposeAsync() }
}

/** Settings of the user's daemon are not those of this one. */
const ownEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    // What runs from source tests its source.
    Object.entries(env).filter(([name]) => !name.startsWith('MCPD_') || name === 'MCPD_SOURCE'),
  )
