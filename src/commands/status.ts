import { daemonFlags, McpdCommand } from '../cli/command.ts'

export default class Status extends McpdCommand {
  static override summary = 'show how the daemon and its backends are'

  static override examples = [
    { description: 'See what runs', command: '<%= config.bin %> status' },
    {
      description: 'List the backends that are not well',
      command: "<%= config.bin %> status --json | jq '.backends[] | select(.health.ok | not)'",
    },
  ]

  static override flags = { ...daemonFlags }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Status)
    await using client = await this.connect(flags)
    const status = await client.status()
    const { formatStatus } = await import('../cli/format-status.ts')
    this.log(formatStatus(status))
    return status
  }
}
