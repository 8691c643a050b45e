import { Args, Flags } from '@oclif/core'
import { McpdCommand } from '../../cli/command.ts'
import { specFlags } from '../../cli/specs/spec-flags.ts'

export default class SpecHistory extends McpdCommand {
  static override summary = 'list the versions of a document, oldest first'

  static override examples = [
    { description: 'Every version', command: '<%= config.bin %> spec history tgi' },
    { description: 'The last ten', command: '<%= config.bin %> spec history tgi --limit 10' },
    {
      description: 'How the number of operations grew',
      command: `<%= config.bin %> spec history tgi --json | jq -r '.versions[] | "\\(.time) \\(.operations)"'`,
    },
  ]

  static override args = {
    spec: Args.string({ description: 'name of the spec', required: true }),
  }

  static override flags = {
    ...specFlags,
    limit: Flags.integer({ description: 'only so many of the newest', min: 1, helpValue: 'number' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(SpecHistory)
    const [{ specPlace }, { selectVersion }, { formatHistory }] = await Promise.all([
      import('../../cli/specs/spec-place.ts'),
      import('../../crawler/snapshots/select.ts'),
      import('../../cli/specs/format-specs.ts'),
    ])
    const { records } = await selectVersion(specPlace(flags).store, args.spec)
    const versions = (await records.versions()).slice(-(flags.limit ?? 0))
    const accepted = await records.accepted()
    this.log(formatHistory(versions, accepted))
    return { name: records.name, versions, accepted: accepted?.number ?? null }
  }
}
