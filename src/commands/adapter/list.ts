import { daemonFlags, McpdCommand } from '../../cli/command.ts'

export default class AdapterList extends McpdCommand {
  static override summary = 'list the kinds of backends the daemon can talk to'

  static override examples = [
    {
      description: 'List the adapters and the backends that use them',
      command: '<%= config.bin %> adapter list',
    },
    {
      description: 'Types alone',
      command: "<%= config.bin %> adapter list --json | jq -r '.adapters[].type'",
    },
  ]

  static override flags = { ...daemonFlags }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(AdapterList)
    await using client = await this.connect(flags)
    const adapters = await client.adapters()
    const { formatTable } = await import('../../cli/table.ts')
    this.log(
      formatTable(
        ['ADAPTER', 'RUNS AS', 'BACKENDS', 'WHAT FOR'],
        adapters.map(({ type, host, backends, description, source }) => [
          type,
          host,
          backends.join(', ') || '-',
          source === undefined ? description : `${description} (${source})`,
        ]),
      ),
    )
    return { adapters }
  }
}
