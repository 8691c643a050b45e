import { Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'
import { contextArg, refFlag } from '../../cli/contexts/context-args.ts'

export default class ContextShow extends McpdCommand {
  static override summary = 'show the turns of a conversation'

  static override examples = [
    { description: 'All of it', command: '<%= config.bin %> context show demo' },
    {
      description: 'What a model with little room would see',
      command: '<%= config.bin %> context show demo --budget 2000',
    },
  ]

  static override args = { context: contextArg }
  static override flags = {
    ...daemonFlags,
    ref: refFlag,
    budget: Flags.integer({ description: 'only what fits into so many tokens', min: 1, helpValue: 'tokens' }),
    limit: Flags.integer({ description: 'how many turns', min: 1, max: 10_000, default: 1000 }),
    cursor: Flags.string({ description: '"next" of the page before' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ContextShow)
    const { formatTurns } = await import('../../cli/contexts/format-contexts.ts')
    await using client = await this.connect(flags)
    const { ref, limit, cursor, budget } = flags
    const page = await client.contexts.turns(args.context, { ref, limit, cursor, budgetTokens: budget })
    this.log(formatTurns(page))
    return page
  }
}
