import { Args } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'

export default class RoutesExplain extends McpdCommand {
  static override summary = 'say which backend would answer for a model, and why'
  static override description = `Shows what an ordinary request would get now: the targets, how busy and fast they are, and why
one is passed over. Nothing is sent to them.`

  static override examples = [
    { description: 'Where a group sends its requests', command: '<%= config.bin %> routes explain llama' },
    {
      description: 'The choice alone',
      command: "<%= config.bin %> routes explain llama --json | jq -r '.chosen'",
    },
  ]

  static override args = {
    model: Args.string({
      description: 'a model as in a request: a group, a name or backend/model',
      required: true,
    }),
  }
  static override flags = { ...daemonFlags }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(RoutesExplain)
    await using client = await this.connect(flags)
    const route = await client.route(args.model)
    const { formatRoute } = await import('../../cli/format-route.ts')
    this.log(formatRoute(route))
    return route
  }
}
