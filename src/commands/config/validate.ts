import { Args, Flags } from '@oclif/core'
import { McpdCommand } from '../../cli/command.ts'

export default class ConfigValidate extends McpdCommand {
  static override summary = 'check a config file without starting anything'
  static override description = `It is read as "mcpd serve" would read it, the options of each adapter included. What is wrong is said with
its line, and the exit code is 2. References are followed: the variables and files it names must be there.`

  static override examples = [
    { description: 'Check the file that would be used', command: '<%= config.bin %> config validate' },
    {
      description: 'Check a file before it is put in place',
      command: '<%= config.bin %> config validate staging.yaml',
    },
    {
      description: 'The names of its backends',
      command: "<%= config.bin %> config validate --json | jq -r '.backends[].name'",
    },
  ]

  static override args = {
    file: Args.string({ description: 'the file; without it the one that "mcpd serve" would read' }),
  }

  static override flags = {
    insecure: Flags.boolean({ description: 'allow an address that is not loopback without an API key' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ConfigValidate)
    const { checkConfig } = await import('../../cli/check-config.ts')
    const { path, backends } = await checkConfig(
      { path: args.file, insecure: flags.insecure },
      this.interrupted,
    )
    const names = backends.map(({ name, adapter }) => `${name} (${adapter})`).join(', ')
    this.log(
      path === undefined
        ? 'There is no config file: mcpd would serve what it finds on this machine. Write one: mcpd init'
        : `${path} is valid. ${backends.length === 0 ? 'It has no backends.' : `Backends: ${names}.`}`,
    )
    return { valid: true, path: path ?? null, backends }
  }
}
