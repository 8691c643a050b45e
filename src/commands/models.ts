import { daemonFlags, McpdCommand } from '../cli/command.ts'

export default class Models extends McpdCommand {
  static override summary = 'list the models the daemon serves'
  static override description = `Where two backends have a model of the same name, the first in the config answers to it;
the other is marked as shadowed and answers to its full id.`

  static override examples = [
    { description: 'List the models', command: '<%= config.bin %> models' },
    {
      description: 'Ids of the models that make embeddings',
      command: `<%= config.bin %> models --json | jq -r '.models[] | select(.operations | index("embed")) | .id'`,
    },
  ]

  static override flags = { ...daemonFlags }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Models)
    await using client = await this.connect(flags)
    const models = await client.models()
    const { formatModels } = await import('../cli/format-models.ts')
    this.log(formatModels(models))
    return { models }
  }
}
