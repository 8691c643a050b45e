import { Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'
import { contextArg, refFlag } from '../../cli/contexts/context-args.ts'

export default class ContextFork extends McpdCommand {
  static override summary = 'go on from a turn under another head'
  static override description = `Nothing is copied: both heads share the turns before the fork. Use the new head with
"mcpd chat --context ID@HEAD", or as "head" of mcpd.context in a request.`

  static override examples = [
    {
      description: 'Try something else from here',
      command: '<%= config.bin %> context fork demo --name try',
    },
    {
      description: 'From an earlier turn',
      command: '<%= config.bin %> context fork demo --at 0198c0de --name earlier',
    },
  ]

  static override args = { context: contextArg }
  static override flags = {
    ...daemonFlags,
    ref: refFlag,
    at: Flags.string({ description: 'turn to fork at; by default where the head is', helpValue: 'turn' }),
    name: Flags.string({ description: 'name of the new head; made up by default' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ContextFork)
    await using client = await this.connect(flags)
    const { ref, at, name } = flags
    const made = await client.contexts.fork(args.context, {
      ref,
      ...(at !== undefined && { at }),
      ...(name !== undefined && { name }),
    })
    this.log(`${made.id}@${made.ref} is at ${made.head ?? 'no turn'}.`)
    return made
  }
}
