import { Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'
import { readSecret } from '../../cli/secret-reference.ts'

const { url: _, ...local } = daemonFlags

/** A URL that gives nothing away, which may be written out. */
const plainUrl = /^postgres(ql)?:\/\/[^:@/]*(@|\/|:\d+\/|$)(?!.*password=)[^@]*$/

export default class ContextMigrate extends McpdCommand {
  static override summary = 'copy every conversation into another store'
  static override description = `The running daemon copies what it keeps into a PostgreSQL database and reads each copy back; every hash must be there. Nothing is taken from the old store. Run it again as often as you like: only what is new is copied. Then name the database in contexts.journal and restart. The exit code is 1 if some conversation was not copied.`

  static override examples = [
    {
      description: 'Into the database whose URL is in MCPD_STORE',
      command: '<%= config.bin %> context migrate --to env:MCPD_STORE',
    },
    {
      description: 'Into one that asks for no password',
      command: '<%= config.bin %> context migrate --to postgres://mcpd@localhost/mcpd',
    },
  ]

  static override flags = {
    ...local,
    to: Flags.string({
      description: 'the database; with a password only by reference',
      helpValue: 'postgres://…|env:NAME|file:PATH',
      required: true,
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ContextMigrate)
    const { to, ...rest } = flags
    const { formatMigrated } = await import('../../cli/contexts/format-store.ts')
    const target = plainUrl.test(to) ? to : readSecret(to, '--to', process.env)
    await using client = await this.connect({ ...rest, url: undefined })
    const report = await client.contexts.migrate(target, { signal: this.interrupted })
    this.log(formatMigrated(report))
    if (report.busy.length + report.differing.length > 0) process.exitCode = 1
    return report
  }
}
