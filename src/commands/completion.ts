import { Args } from '@oclif/core'
import { McpdCommand } from '../cli/command.ts'
import { completionScript, type Shell, shells } from '../cli/completion.ts'
import { describeCommands } from '../cli/described-commands.ts'

export default class Completion extends McpdCommand {
  static override summary = 'print a script that completes mcpd in a shell'
  static override description = `bash: add  eval "$(mcpd completion bash)"  to ~/.bashrc
zsh:  add  eval "$(mcpd completion zsh)"  to ~/.zshrc, after compinit
fish: save the output as ~/.config/fish/completions/mcpd.fish
Without an argument it is the shell that $SHELL names.`

  static override examples = [
    {
      description: 'Complete in this bash from now on',
      command: 'eval "$(<%= config.bin %> completion bash)"',
    },
    {
      description: 'Complete in every fish',
      command: '<%= config.bin %> completion fish > ~/.config/fish/completions/mcpd.fish',
    },
  ]

  static override args = {
    shell: Args.string({ ignoreStdin: true, description: 'which shell', options: [...shells] }),
  }

  async run(): Promise<unknown> {
    const { args } = await this.parse(Completion)
    const shell = (args.shell as Shell | undefined) ?? currentShell(process.env['SHELL'])
    const script = completionScript(shell, this.config.bin, describeCommands(this.config.commands))
    this.log(script.trimEnd())
    return { shell, script }
  }
}

const currentShell = (path: string | undefined): Shell =>
  shells.find((shell) => path?.endsWith(`/${shell}`)) ?? 'bash'
