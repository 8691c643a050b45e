import { Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'
import { contextArg, refFlag } from '../../cli/contexts/context-args.ts'

export default class ContextRewind extends McpdCommand {
  static override summary = 'move a head of a conversation back'
  static override description = `Nothing is deleted: the turns can still be reached by their ids.`

  static override examples = [
    {
      description: 'Take the last question and answer back',
      command: '<%= config.bin %> context rewind demo --turns 2',
    },
    { description: 'To a turn', command: '<%= config.bin %> context rewind demo --to 0198c0de' },
  ]

  static override args = { context: contextArg }
  static override flags = {
    ...daemonFlags,
    ref: refFlag,
    to: Flags.string({ description: 'turn to go back to', helpValue: 'turn', exactlyOne: ['to', 'turns'] }),
    turns: Flags.integer({ description: 'how many turns to go back', min: 1, helpValue: 'number' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ContextRewind)
    await using client = await this.connect(flags)
    const { ref, to, turns } = flags
    const moved = await client.contexts.rewind(args.context, {
      ref,
      ...(to !== undefined && { to }),
      ...(turns !== undefined && { turns }),
    })
    this.log(`${moved.id}@${moved.ref} is at ${moved.head ?? 'no turn'}.`)
    return moved
  }
}
