import { McpdCommand } from '../../cli/command.ts'
import { configFlags, configSources } from '../../cli/config-flags.ts'

export default class ConfigShow extends McpdCommand {
  static override summary = 'show every setting and where it comes from'
  static override description = `What "mcpd serve" with the same flags would work with in this shell: flags, MCPD_* variables, the
config file and the defaults, in that order. Secrets, and what stands for a reference, are shown as ***.`

  static override examples = [
    { description: 'Every setting with its origin', command: '<%= config.bin %> config show' },
    {
      description: 'What another file comes to',
      command: '<%= config.bin %> config show --config staging.yaml',
    },
    {
      description: 'The settings that are not defaults',
      command: `<%= config.bin %> config show --json | jq '.origins | with_entries(select(.value != "default"))'`,
    },
  ]

  static override flags = { ...configFlags }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ConfigShow)
    const [{ readConfig }, { effectiveConfig }, { describedAdapters }, { formatConfig }] = await Promise.all([
      import('../../core/load-config.ts'),
      import('../../cli/effective-config.ts'),
      import('../../cli/described-adapters.ts'),
      import('../../cli/format-config.ts'),
    ])
    const read = readConfig(configSources(flags))
    const config = effectiveConfig(read, await describedAdapters(this.interrupted), process.env)
    this.log(`# ${config.path ?? 'no config file'}\n${formatConfig(config)}`)
    return config
  }
}
