import { Args, Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../cli/command.ts'

export default class Pull extends McpdCommand {
  static override summary = 'have a backend fetch a model'
  static override description = `For backends that can, such as Ollama; backend/model says which one is meant.
Progress goes to standard error. A pull that was interrupted goes on where it stopped when it is run again.`

  static override examples = [
    { description: 'Fetch a model', command: '<%= config.bin %> pull llama3.2' },
    { description: 'Fetch it into a certain backend', command: '<%= config.bin %> pull laptop/llama3.2:1b' },
    {
      description: 'Every step as a line of JSON',
      command: '<%= config.bin %> pull llama3.2 --json --stream',
    },
  ]

  static override args = {
    model: Args.string({ description: 'name of the model, or backend/name', required: true }),
  }

  static override flags = {
    ...daemonFlags,
    stream: Flags.boolean({ description: 'with --json: print steps as lines', dependsOn: ['json'] }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Pull)
    await using client = await this.connect(flags)
    const steps = client.pull(args.model)
    if (flags.stream) {
      for await (const step of steps) this.logJson(step)
      return undefined
    }
    const { showProgress } = await import('../cli/progress.ts')
    const bytes = await showProgress(steps, this.jsonEnabled() ? undefined : process.stderr)
    this.log(`${args.model} is there. Try it: mcpd run ${args.model}`)
    return { model: args.model, status: 'success', bytes }
  }
}
