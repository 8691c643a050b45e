import { Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'
import { contextArg } from '../../cli/contexts/context-args.ts'

export default class ContextDelete extends McpdCommand {
  static override summary = 'delete a conversation'
  static override description = `It is gone at once, and its bytes with the next collection. On a terminal it asks first; elsewhere it
wants --yes.`

  static override examples = [
    { description: 'Delete it without being asked', command: '<%= config.bin %> context delete demo --yes' },
  ]

  static override args = { context: contextArg }
  static override flags = { ...daemonFlags, yes: Flags.boolean({ description: 'do not ask' }) }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ContextDelete)
    const { context } = args
    const { confirm } = await import('../../cli/confirm.ts')
    const isMeant =
      flags.yes ||
      (await confirm(`Delete ${context}? It cannot be had back.`, {
        input: process.stdin,
        output: process.stderr,
        asks: !this.jsonEnabled(),
        signal: this.interrupted,
      }))
    if (isMeant) {
      await using client = await this.connect(flags)
      await client.contexts.delete(context)
    }
    this.log(isMeant ? `${context} is deleted.` : 'Nothing was deleted.')
    return { context, deleted: isMeant }
  }
}
