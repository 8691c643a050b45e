import { Args, Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'

export default class ContextSearch extends McpdCommand {
  static override summary = 'find turns by their words'

  static override examples = [
    { description: 'In all conversations', command: '<%= config.bin %> context search "retry budget"' },
  ]

  static override args = { words: Args.string({ description: 'what to look for', required: true }) }
  static override flags = {
    ...daemonFlags,
    limit: Flags.integer({ description: 'how many', min: 1, max: 100, default: 20 }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ContextSearch)
    const { formatHits } = await import('../../cli/contexts/format-contexts.ts')
    await using client = await this.connect(flags)
    const found = await client.contexts.search({ query: args.words, limit: flags.limit })
    this.log(formatHits(found.results))
    return found
  }
}
