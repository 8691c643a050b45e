import { Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../cli/command.ts'
import { parseDuration } from '../core/quantity.ts'

export default class Stop extends McpdCommand {
  static override summary = 'stop the daemon'
  static override description = `It finishes the requests it is working on first, for as long as shutdown.drain in its config allows.`

  static override examples = [
    { description: 'Stop the daemon and wait until it is gone', command: '<%= config.bin %> stop' },
    { description: 'Wait longer for running requests', command: '<%= config.bin %> stop --timeout 5m' },
  ]

  static override flags = {
    ...daemonFlags,
    timeout: Flags.string({
      description: 'how long to wait until it is gone; it goes on stopping after that',
      default: '45s',
      helpValue: 'duration',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Stop)
    const timeoutMs = parseDuration(flags.timeout)
    const [{ waitUntilGone }, { findStateDir }] = await Promise.all([
      import('../cli/wait-until-gone.ts'),
      import('../client/locate.ts'),
    ])
    await using client = await this.connect(flags)
    const { pid } = await client.stop()
    this.log(`Stopping the daemon at ${client.url} (process ${pid}).`)
    const stateDir = findStateDir(flags['state-dir'], process.env)
    await waitUntilGone(client, { pid, stateDir, timeoutMs, signal: this.interrupted })
    this.log('It is gone.')
    return { pid, stopped: true }
  }
}
