import { Args, Flags } from '@oclif/core'
import { McpdCommand } from '../../cli/command.ts'

export default class AdapterInstall extends McpdCommand {
  static override summary = 'install what an adapter needs beyond mcpd'
  static override description = `embedded: llama.cpp as the npm package node-llama-cpp, with the binary for this machine's CPU.
It is left out of mcpd because it is far larger than mcpd itself. The command is shown before it runs;
npm downloads from the registry it is configured for. No install script is run and nothing is compiled.`

  static override examples = [
    { description: 'Make "mcpd serve --model" work', command: '<%= config.bin %> adapter install embedded' },
    {
      description: 'Only show what would be run',
      command: '<%= config.bin %> adapter install embedded --dry-run',
    },
    {
      description: 'Install it as a dependency of the project that mcpd is installed in',
      command: '<%= config.bin %> adapter install embedded --prefix .',
    },
  ]

  static override args = {
    adapter: Args.string({
      ignoreStdin: true,
      description: 'which adapter',
      options: ['embedded'],
      required: true,
    }),
  }

  static override flags = {
    'dry-run': Flags.boolean({ description: 'show what would be run, and run nothing' }),
    prefix: Flags.string({
      description: "folder to install into instead of mcpd's own; mcpd must be able to see its node_modules",
      helpValue: 'folder',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(AdapterInstall)
    const { planInstall, runInstall } = await import('../../cli/runtime-install.ts')
    const plan = planInstall(this.config.root, flags.prefix)
    const { name, version, folder, size } = plan
    if (plan.installed === version) this.log(`${name} ${version} is installed already.`)
    else {
      this.log(`mcpd needs ${name} ${version}: llama.cpp for the CPU of this machine, about ${size}.`)
      this.log(`It is downloaded from your npm registry into ${folder} by:\n\n  ${plan.command.join(' ')}\n`)
      if (!flags['dry-run']) {
        await runInstall(plan, this.interrupted)
        this.log(`Installed. Try it: mcpd serve --model path/to/model.gguf`)
      }
    }
    return plan
  }
}
