import { daemonFlags, McpdCommand } from '../../cli/command.ts'

export default class BackendList extends McpdCommand {
  static override summary = 'list the backends and how they are'

  static override examples = [
    { description: 'List the backends', command: '<%= config.bin %> backend list' },
    {
      description: 'Names of those that do not answer',
      command: `<%= config.bin %> backend list --json | jq -r '.backends[] | select(.health.ok | not) | .name'`,
    },
  ]

  static override flags = { ...daemonFlags }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(BackendList)
    await using client = await this.connect(flags)
    const { backends } = await client.status()
    const { formatBackends } = await import('../../cli/format-status.ts')
    this.log(formatBackends(backends))
    return { backends }
  }
}
