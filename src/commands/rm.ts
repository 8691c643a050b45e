import { Args, Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../cli/command.ts'

export default class Rm extends McpdCommand {
  static override summary = 'have a backend delete a model'
  static override description = `For backends that can, such as Ollama; backend/model says which one is meant.
On a terminal it asks first; elsewhere it wants --yes.`

  static override examples = [
    { description: 'Delete a model', command: '<%= config.bin %> rm llama3.2:1b' },
    {
      description: 'Delete it without being asked',
      command: '<%= config.bin %> rm laptop/llama3.2:1b --yes',
    },
  ]

  static override args = {
    model: Args.string({ description: 'name of the model, or backend/name', required: true }),
  }

  static override flags = {
    ...daemonFlags,
    yes: Flags.boolean({ description: 'do not ask' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Rm)
    const { model } = args
    const { confirm } = await import('../cli/confirm.ts')
    const isMeant =
      flags.yes ||
      (await confirm(`Delete ${model}? It would have to be fetched again.`, {
        input: process.stdin,
        output: process.stderr,
        asks: !this.jsonEnabled(),
        signal: this.interrupted,
      }))
    if (isMeant) {
      await using client = await this.connect(flags)
      await client.remove(model)
    }
    this.log(isMeant ? `${model} is deleted.` : 'Nothing was deleted.')
    return { model, deleted: isMeant }
  }
}
