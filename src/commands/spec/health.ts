import { Args } from '@oclif/core'
import { McpdCommand } from '../../cli/command.ts'
import { specFlags } from '../../cli/specs/spec-flags.ts'

export default class SpecHealth extends McpdCommand {
  static override summary = 'say what is wrong with a document that is read all the same'
  static override description = `References that lead nowhere, duplicate names, words that YAML 1.1 and 1.2 read differently, and so on,
with line and column in the document as it came. swagger-parser validates it too, where it can: it reads 2.0, 3.0 and 3.1.`

  static override examples = [
    { description: 'The newest version', command: '<%= config.bin %> spec health tgi' },
    {
      description: 'References that lead nowhere',
      command: `<%= config.bin %> spec health tgi --json | jq -r '.health[] | select(.id == "dangling-reference") | .pointer'`,
    },
  ]

  static override args = {
    spec: Args.string({ description: 'name, or name@version', required: true }),
  }

  static override flags = { ...specFlags }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(SpecHealth)
    const [{ specPlace }, { selectVersion }, { formatHealth }, { healthOf }] = await Promise.all([
      import('../../cli/specs/spec-place.ts'),
      import('../../crawler/snapshots/select.ts'),
      import('../../cli/specs/format-specs.ts'),
      import('../../cli/specs/health-of.ts'),
    ])
    const { records, version } = await selectVersion(specPlace(flags).store, args.spec)
    const name = `${records.name}@${version.number}`
    const health = await healthOf(await records.raw(version), version.source, this.interrupted)
    this.log(formatHealth(name, health))
    return { name: records.name, version: version.number, health }
  }
}
