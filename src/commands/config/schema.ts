import { McpdCommand } from '../../cli/command.ts'

export default class ConfigSchema extends McpdCommand {
  static override summary = 'print the JSON Schema of mcpd.yaml'
  static override description = `For completion and checks in editors. Those that use yaml-language-server take it from a comment in the
first line of mcpd.yaml:  # yaml-language-server: $schema=mcpd.schema.json`

  static override examples = [
    {
      description: 'Save it for an editor',
      command: '<%= config.bin %> config schema > mcpd.schema.json',
    },
    {
      description: 'The settings that the adapter openai takes',
      command: `<%= config.bin %> config schema --json | jq '.properties.backends.items.anyOf[] | select(.title == "openai").properties | keys'`,
    },
  ]

  async run(): Promise<unknown> {
    await this.parse(ConfigSchema)
    const [{ editorSchema }, { describedAdapters }] = await Promise.all([
      import('../../cli/config-schema.ts'),
      import('../../cli/described-adapters.ts'),
    ])
    const schema = editorSchema(await describedAdapters(this.interrupted))
    this.log(JSON.stringify(schema, undefined, 2))
    return schema
  }
}
