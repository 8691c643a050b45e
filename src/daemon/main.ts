import { text as readAll } from 'node:stream/consumers'
import { Command } from 'commander'
import { errorTable, McpdError, toMcpdError } from '../core/errors.ts'
import type { AdapterCheckPlan } from './check-adapter.ts'
import { checkConfig, describeAdapters } from './check.ts'
import { type Daemon, type DaemonFlags, startDaemon } from './daemon.ts'

interface ProgramFlags extends DaemonFlags {
  readonly check?: boolean
  readonly describeAdapters?: boolean
  readonly checkAdapter?: boolean
}

/** The process `mcpd-daemon`: starts a daemon, says where it listens, and stops it when it is told to. */
export const main = async (argv: readonly string[]): Promise<void> => {
  const flags = new Command('mcpd-daemon')
    .option('--config <path>', 'config file')
    .option('--host <host>', 'address to bind')
    .option('--port <port>', 'TCP port, 0 picks a free one', Number)
    .option('--model <path>', 'GGUF file to serve')
    .option('--state-dir <path>', 'state directory')
    .option('--log-level <level>', 'least severe level written')
    .option('--insecure', 'allow other hosts without a key')
    .option('--no-discover', 'do not look for runtimes on this machine')
    .option('--as-ollama', 'listen on port 11434 too, where tools look for Ollama')
    .option('--detached', 'stay when the command that started it goes')
    .option('--json', 'say in JSON where it listens')
    .option('--check', 'say in JSON whether it could start with this config, and end')
    .option(
      '--describe-adapters',
      'say in JSON which adapters there are and what settings they take, and end',
    )
    .option('--check-adapter', 'run the adapter suite on what standard input names, and end')
    .parse([...argv], { from: 'user' })
    .opts<ProgramFlags>()
  if (flags.check) return answer(() => checkConfig(flags, { env: process.env, cwd: process.cwd() }))
  if (flags.describeAdapters) return answer(describeAdapters)
  if (flags.checkAdapter) return sayChecks()
  const stop = signalled()
  let daemon: Daemon
  try {
    daemon = await startDaemon(flags, {
      env: process.env,
      cwd: process.cwd(),
      terminal: process.stderr.isTTY,
    })
  } catch (error) {
    fail(toMcpdError(error))
    return
  }
  process.on('SIGHUP', () => {
    // The reloader has logged why, and nothing has changed.
    daemon.reloader.reload().catch(() => undefined)
  })
  const { url } = daemon
  process.stdout.write(flags.json ? `${JSON.stringify({ url, pid: process.pid })}\n` : daemon.banner)
  process.send?.({ type: 'ready', url, pid: process.pid })
  await Promise.race([daemon.stopped, stop, abandoned(flags.detached === true)])
  await daemon.close()
  // Whatever still holds the loop has had its time to end.
  process.exit(0)
}

/** A line of JSON for each check of the plan on standard input, `{"error":…}` when there can be none. */
const sayChecks = async (): Promise<void> => {
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => interrupted.abort(new McpdError('CANCELLED', 'Interrupted.')))
  const { checkAdapter } = await import('./check-adapter.ts')
  await answer(async () => {
    const plan = JSON.parse(await readAll(process.stdin)) as AdapterCheckPlan
    for await (const { name, outcome, reason } of checkAdapter(plan, interrupted.signal))
      process.stdout.write(`${JSON.stringify({ name, outcome, ...(reason !== undefined && { reason }) })}\n`)
    return { done: true }
  })
  process.exit()
}

/** One line of JSON on standard output: what `ask` returns, or `{"error":…}` with the exit code of the error. */
const answer = async (ask: () => unknown): Promise<void> => {
  let said: unknown
  try {
    said = await ask()
  } catch (thrown) {
    const { code, message, details } = toMcpdError(thrown)
    said = { error: { code, message, suggestions: details.suggestions ?? [] } }
    process.exitCode = errorTable[code].exit
  }
  process.stdout.write(`${JSON.stringify(said)}\n`)
}

/** Signals this close together are one Ctrl-C that came by two ways. */
const sameSignalMs = 500

/** The first SIGINT or SIGTERM asks for a stop, a later one does not wait. */
const signalled = (): Promise<void> =>
  new Promise((resolve) => {
    let firstMs: number | undefined
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        firstMs ??= performance.now()
        if (performance.now() - firstMs > sameSignalMs) process.exit(130)
        resolve()
      })
  })

/** A daemon in the foreground goes with the command that started it, even when that is killed. */
const abandoned = (detached: boolean): Promise<void> =>
  new Promise((resolve) => {
    if (!detached && process.connected) process.once('disconnect', resolve)
  })

const fail = (error: McpdError): void => {
  const { exit } = errorTable[error.code]
  const suggestions = error.details.suggestions ?? []
  // The command that started it tells the user; without one it speaks for itself.
  if (process.send)
    process.send({ type: 'failed', code: error.code, message: error.message, exit, suggestions })
  else process.stderr.write(`mcpd: ${[error.message, ...suggestions].join('\n      ')}\n`)
  if (error.code === 'INTERNAL')
    process.stderr.write(`${String((error.cause as Error | undefined)?.stack)}\n`)
  process.exit(exit)
}
