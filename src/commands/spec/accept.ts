import { Args, Flags } from '@oclif/core'
import { McpdCommand } from '../../cli/command.ts'
import { specFlags } from '../../cli/specs/spec-flags.ts'

export default class SpecAccept extends McpdCommand {
  static override summary = 'make a version the one that later ones are compared with'
  static override description = `"mcpd diff" compares the accepted version with the newest. The first version stored is accepted by itself.
The reason is kept in the store, with every earlier one.`

  static override examples = [
    {
      description: 'Accept the newest version',
      command: '<%= config.bin %> spec accept tgi --reason "adapter updated"',
    },
    {
      description: 'Accept a certain one',
      command: '<%= config.bin %> spec accept tgi@14 --reason "what production runs"',
    },
  ]

  static override args = {
    spec: Args.string({ description: 'name, or name@version', required: true }),
  }

  static override flags = {
    ...specFlags,
    reason: Flags.string({ description: 'why, for those who ask later', required: true, helpValue: 'text' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(SpecAccept)
    const [{ specPlace }, { selectVersion }, { called }] = await Promise.all([
      import('../../cli/specs/spec-place.ts'),
      import('../../crawler/snapshots/select.ts'),
      import('../../cli/specs/format-specs.ts'),
    ])
    const { records, version } = await selectVersion(specPlace(flags).store, args.spec)
    const accepted = await records.accept(version, flags.reason, this.interrupted)
    this.log(`${records.name} ${called(version)} is accepted.`)
    return { name: records.name, accepted }
  }
}
