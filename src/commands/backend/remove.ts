import { Args } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'

export default class BackendRemove extends McpdCommand {
  static override summary = 'remove a backend from the running daemon'
  static override description = 'It finishes what it has. One of mcpd.yaml is back at the next start.'

  static override examples = [
    { description: 'Remove a backend', command: '<%= config.bin %> backend remove gpu-1' },
  ]

  static override args = { name: Args.string({ description: 'the backend', required: true }) }
  static override flags = { ...daemonFlags }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BackendRemove)
    await using client = await this.connect(flags)
    const report = await client.removeBackend(args.name)
    const { formatReload } = await import('../../cli/format-reload.ts')
    this.log(formatReload(report))
    return report
  }
}
