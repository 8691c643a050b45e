import { Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'

export default class ContextList extends McpdCommand {
  static override summary = 'list the conversations that are kept'

  static override examples = [
    { description: 'The last used first', command: '<%= config.bin %> context list' },
    {
      description: 'The ids of those with a tag',
      command: `<%= config.bin %> context list --tag support --json | jq -r '.contexts[].id'`,
    },
  ]

  static override flags = {
    ...daemonFlags,
    tag: Flags.string({ description: 'only those with this tag' }),
    limit: Flags.integer({ description: 'how many', min: 1, max: 1000, default: 100 }),
    cursor: Flags.string({ description: '"next" of the page before' }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ContextList)
    const { formatContexts } = await import('../../cli/contexts/format-contexts.ts')
    await using client = await this.connect(flags)
    const page = await client.contexts.list(flags)
    this.log(formatContexts(page.contexts, Date.now()))
    if (page.next !== undefined) this.log(`\nMore: --cursor ${page.next}`)
    return page
  }
}
