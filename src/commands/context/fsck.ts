import { daemonFlags, McpdCommand } from '../../cli/command.ts'

const { url: _, ...local } = daemonFlags

export default class ContextFsck extends McpdCommand {
  static override summary = 'check every hash and link of the store of conversations'
  static override description = `Reads everything and changes nothing. The exit code is 1 if something is damaged.`

  static override examples = [
    { description: 'After a crash of the machine', command: '<%= config.bin %> context fsck' },
  ]

  static override flags = { ...local }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ContextFsck)
    const { formatFsck } = await import('../../cli/contexts/format-store.ts')
    await using client = await this.connect({ ...flags, url: undefined })
    const report = await client.contexts.fsck()
    this.log(formatFsck(report))
    if (!report.ok) process.exitCode = 1
    return report
  }
}
