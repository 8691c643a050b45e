import { daemonFlags, McpdCommand } from '../cli/command.ts'

export default class Ps extends McpdCommand {
  static override summary = 'show which models are loaded and what is running'
  static override description = `The models that backends hold in memory, as far as they say, and the requests at each backend.
Requests are left out for a daemon on another machine, unless MCPD_ADMIN_TOKEN holds its admin token.`

  static override examples = [
    { description: 'See what is loaded and running', command: '<%= config.bin %> ps' },
    {
      description: 'Names of the loaded models',
      command: "<%= config.bin %> ps --json | jq -r '.models[].name'",
    },
  ]

  static override flags = { ...daemonFlags }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Ps)
    const [{ readActivity }, { formatActivity }] = await Promise.all([
      import('../cli/read-activity.ts'),
      import('../cli/format-activity.ts'),
    ])
    await using client = await this.connect(flags)
    const activity = await readActivity(client)
    this.log(formatActivity(activity, new Date()))
    return activity
  }
}
