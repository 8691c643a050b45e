import { writeFile } from 'node:fs/promises'
import { Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'
import { contextArg } from '../../cli/contexts/context-args.ts'

export default class ContextExport extends McpdCommand {
  static override summary = 'write a conversation to a file'
  static override description = `JSON lines can be imported again, with the same hashes; Markdown is for people.`

  static override examples = [
    {
      description: 'To be imported elsewhere',
      command: '<%= config.bin %> context export demo > demo.jsonl',
    },
    {
      description: 'To be read',
      command: '<%= config.bin %> context export demo --format markdown --output demo.md',
    },
  ]

  static override args = { context: contextArg }
  static override flags = {
    ...daemonFlags,
    format: Flags.string({
      description: 'form of the file',
      options: ['jsonl', 'markdown'],
      default: 'jsonl',
    }),
    output: Flags.string({
      char: 'o',
      description: 'file to write; standard output by default',
      helpValue: 'file',
    }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ContextExport)
    await using client = await this.connect(flags)
    const text = await client.contexts.export(
      args.context,
      flags.format === 'markdown' ? 'markdown' : 'jsonl',
    )
    const { format, output } = flags
    if (output !== undefined) await writeFile(output, text)
    else if (!this.jsonEnabled()) process.stdout.write(text)
    return { context: args.context, format, ...(output === undefined ? { text } : { output }) }
  }
}
