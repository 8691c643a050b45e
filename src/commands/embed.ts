import { Args, Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../cli/command.ts'
import { embedAll } from '../cli/embed-all.ts'
import { isPrompt, requirePrompt } from '../cli/prompt.ts'
import { readStandardInput } from '../cli/standard-input.ts'

export default class Embed extends McpdCommand {
  static override summary = 'turn text into vectors'
  static override description = `Prints one JSON array of numbers per text, in order. Without a text argument every line of
standard input that is not blank is one. Without a model it takes the first that can embed.
One argument that has a space in it is a text.`

  static override examples = [
    { description: 'One text', command: '<%= config.bin %> embed nomic-embed-text "The sky is blue."' },
    {
      description: 'Every line of a file, vectors as lines of JSON',
      command: '<%= config.bin %> embed nomic-embed-text < lines.txt > vectors.jsonl',
    },
    {
      description: 'Shorter vectors, with usage, as one JSON object',
      command: '<%= config.bin %> embed nomic-embed-text "The sky is blue." --dimensions 256 --json',
    },
  ]

  static override args = {
    model: Args.string({ description: 'id or name of a model, see "mcpd models"', ignoreStdin: true }),
    text: Args.string({
      description: 'what to embed; lines of standard input when it is piped',
      ignoreStdin: true,
    }),
  }

  static override flags = {
    ...daemonFlags,
    dimensions: Flags.integer({
      description: 'length of the vectors, for models that can shorten them',
      min: 1,
      helpValue: 'number',
    }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Embed)
    const isOnlyText = args.text === undefined && isPrompt(args.model)
    const given = isOnlyText ? args.model : args.text
    const text = requirePrompt(given ?? (await readStandardInput(process.stdin, this.interrupted)), 'embed')
    const inputs = given === undefined ? text.split(/\r?\n/).filter((line) => line.trim() !== '') : [text]

    const { resolveModel } = await import('../client/index.ts')
    await using client = await this.connect(flags)
    const model = await resolveModel(client, isOnlyText ? undefined : args.model, 'embed')
    const answer = await embedAll(client, {
      model,
      inputs,
      ...(flags.dimensions !== undefined && { dimensions: flags.dimensions }),
      print: (embedding) => this.log(JSON.stringify(embedding)),
    })
    for (const warning of answer.warnings) this.warn(warning)
    return answer
  }
}
