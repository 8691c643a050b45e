import { daemonFlags, McpdCommand } from '../../cli/command.ts'

const { url: _, ...local } = daemonFlags

export default class ContextStats extends McpdCommand {
  static override summary = 'count what the store of conversations holds'

  static override examples = [{ description: 'Counts and bytes', command: '<%= config.bin %> context stats' }]

  static override flags = { ...local }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ContextStats)
    const { formatStats } = await import('../../cli/contexts/format-store.ts')
    await using client = await this.connect({ ...flags, url: undefined })
    const stats = await client.contexts.stats()
    this.log(formatStats(stats))
    return stats
  }
}
