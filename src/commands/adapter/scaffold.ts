import { Args, Flags } from '@oclif/core'
import { McpdCommand } from '../../cli/command.ts'

export default class AdapterScaffold extends McpdCommand {
  static override summary = 'write a working adapter project to start from'
  static override description = `It goes into a folder of its name and answers with what was said to it. TypeScript runs inside mcpd as it
is, without a build; Python runs beside it and needs the standard library alone.`

  static override examples = [
    { description: 'In TypeScript', command: '<%= config.bin %> adapter scaffold my-runtime' },
    {
      description: 'In Python',
      command: '<%= config.bin %> adapter scaffold my-runtime --language python',
    },
  ]

  static override args = {
    name: Args.string({ ignoreStdin: true, description: 'a name for it', required: true }),
  }

  static override flags = {
    language: Flags.string({
      description: 'what to write it in',
      options: ['typescript', 'python'],
      default: 'typescript',
    }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(AdapterScaffold)
    const { languages, scaffold } = await import('../../cli/scaffold/scaffold.ts')
    const language = languages.find((known) => known === flags.language) ?? 'typescript'
    const made = await scaffold(args.name, language, process.cwd())
    this.log(`Wrote ${made.files.join(', ')} into ${made.folder}`)
    this.log(`\nCheck it:  cd ${args.name} && ${made.check}`)
    return made
  }
}
