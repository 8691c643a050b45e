import { Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'
import { contextArg, refFlag } from '../../cli/contexts/context-args.ts'

export default class ContextPrune extends McpdCommand {
  static override summary = 'show what would be left out of a conversation under a budget'
  static override description = `Nothing is deleted, now or later: pruning decides what goes to a model, not what is kept.`

  static override examples = [
    {
      description: 'With room for 2000 tokens',
      command: '<%= config.bin %> context prune demo --budget 2000',
    },
    {
      description: 'For another question',
      command: '<%= config.bin %> context prune demo --budget 2000 --query "What was the deadline?"',
    },
  ]

  static override args = { context: contextArg }
  static override flags = {
    ...daemonFlags,
    ref: refFlag,
    budget: Flags.integer({ description: 'most tokens', min: 1, helpValue: 'tokens', required: true }),
    query: Flags.string({ description: 'what to be relevant to; by default the last message of a user' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ContextPrune)
    const { formatView } = await import('../../cli/contexts/format-contexts.ts')
    await using client = await this.connect(flags)
    const { ref, budget, query } = flags
    const view = await client.contexts.prune(args.context, { ref, budgetTokens: budget, query })
    this.log(formatView(view))
    return view
  }
}
