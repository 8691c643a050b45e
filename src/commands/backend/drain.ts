import { Args, Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'

export default class BackendDrain extends McpdCommand {
  static override summary = 'give a backend nothing new and wait until it has finished'
  static override description = 'For work on a backend that is to come back: --undo gives it requests again.'

  static override examples = [
    { description: 'Drain a backend', command: '<%= config.bin %> backend drain gpu-0' },
    { description: 'Bring it back', command: '<%= config.bin %> backend drain gpu-0 --undo' },
  ]

  static override args = { name: Args.string({ description: 'the backend', required: true }) }
  static override flags = { ...daemonFlags, undo: Flags.boolean({ description: 'give it requests again' }) }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BackendDrain)
    await using client = await this.connect(flags)
    const report = await client.drainBackend(args.name, { undo: flags.undo })
    this.log(
      report.draining
        ? `${report.name} takes nothing new; ${report.inFlight === 0 ? 'it has finished' : `${report.inFlight} requests still run`}.`
        : `${report.name} takes requests again.`,
    )
    return report
  }
}
