import { readFile } from 'node:fs/promises'
import { Args, Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'
import { readStandardInput } from '../../cli/standard-input.ts'
import { McpdError } from '../../core/errors.ts'

export default class ContextImport extends McpdCommand {
  static override summary = 'read a conversation from a file that was exported'
  static override description = `Every hash is checked; a file that is cut off or was changed imports nothing.`

  static override examples = [
    { description: 'From another daemon', command: '<%= config.bin %> context import demo.jsonl' },
    {
      description: 'Under another name',
      command: '<%= config.bin %> context import demo.jsonl --id demo-2',
    },
  ]

  static override args = {
    file: Args.string({
      description: 'JSON lines of "mcpd context export"; - is standard input',
      required: true,
      ignoreStdin: true,
    }),
  }
  static override flags = { ...daemonFlags, id: Flags.string({ description: 'a new id for it' }) }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ContextImport)
    const text =
      args.file === '-' ? await readStandardInput(process.stdin, this.interrupted) : await read(args.file)
    if (text === undefined) throw new McpdError('USAGE', 'Nothing was piped in.')
    await using client = await this.connect(flags)
    const imported = await client.contexts.import(text, { id: flags.id })
    this.log(`${imported.id}: ${imported.turns} turns.`)
    return imported
  }
}

const read = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new McpdError('USAGE', `${file} cannot be read: ${(error as Error).message}`, {}, error)
  }
}
