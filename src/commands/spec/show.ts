import { Args } from '@oclif/core'
import { McpdCommand } from '../../cli/command.ts'
import { specFlags } from '../../cli/specs/spec-flags.ts'

export default class SpecShow extends McpdCommand {
  static override summary = 'show what is known of one version of a document'
  static override description = `A version is a number, newest, accepted, first, previous, what the document calls itself, or the beginning of a
hash or of a commit.`

  static override examples = [
    { description: 'The newest version', command: '<%= config.bin %> spec show tgi' },
    { description: 'The accepted one', command: '<%= config.bin %> spec show tgi@accepted' },
    {
      description: 'Who made it what it is',
      command: "<%= config.bin %> spec show tgi --json | jq -r '.version.commit.author'",
    },
  ]

  static override args = {
    spec: Args.string({ description: 'name, or name@version', required: true }),
  }

  static override flags = { ...specFlags }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(SpecShow)
    const [{ specPlace }, { selectVersion }, { formatVersion }] = await Promise.all([
      import('../../cli/specs/spec-place.ts'),
      import('../../crawler/snapshots/select.ts'),
      import('../../cli/specs/format-specs.ts'),
    ])
    const { records, version } = await selectVersion(specPlace(flags).store, args.spec)
    const acceptances = await records.acceptances()
    this.log(formatVersion(records.name, version, acceptances))
    return { name: records.name, version, accepted: acceptances.at(-1)?.number === version.number }
  }
}
