import { Command, Flags } from '@oclif/core'
import { McpdError } from '../core/errors.ts'
import type { Client } from '../client/index.ts'

/** Flags of every command that talks to a daemon. The API key is never a flag: flags show in the process list. */
export const daemonFlags = {
  url: Flags.string({
    description: 'the daemon to talk to; MCPD_URL says the same, MCPD_API_KEY holds its key',
    helpValue: 'http://host:port',
    helpGroup: 'GLOBAL',
  }),
  'state-dir': Flags.string({
    description: 'state directory of the daemon to talk to; MCPD_STATE_DIR says the same',
    helpValue: 'directory',
    helpGroup: 'GLOBAL',
  }),
}

interface DaemonFlags {
  readonly url: string | undefined
  readonly 'state-dir': string | undefined
}

/**
 * Base of mcpd's commands. With --json `run` returns what is printed as one line; `log` prints only without it.
 * Errors are thrown as they are: cli/run.ts renders them.
 */
export abstract class McpdCommand extends Command {
  static override enableJsonFlag = true

  #interrupt: AbortController | undefined

  /**
   * Aborted with CANCELLED at the first SIGINT or SIGTERM; the second ends the process at once. A command that never
   * asks for it dies of the signal, as processes do.
   */
  protected get interrupted(): AbortSignal {
    if (this.#interrupt) return this.#interrupt.signal
    const controller = new AbortController()
    this.#interrupt = controller
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        if (controller.signal.aborted) process.exit(130)
        controller.abort(new McpdError('CANCELLED', 'Interrupted.'))
      })
    return controller.signal
  }

  /** A client of the daemon that the flags and the environment name. */
  protected async connect(flags: DaemonFlags): Promise<Client> {
    const { createClient } = await import('../client/index.ts')
    return createClient({ url: flags.url, stateDir: flags['state-dir'], signal: this.interrupted })
  }

  protected override async init(): Promise<void> {
    await super.init()
    // The reader went away (`mcpd logs -f | head`): there is nobody left to work for.
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
    })
  }

  // oclif would render the error itself.
  protected override catch(error: Error): Promise<never> {
    return Promise.reject(error)
  }

  /** One line, whatever the terminal: colours and indentation are for `jq`. */
  protected override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json)}\n`)
  }
}
