import { McpdCommand } from '../../cli/command.ts'
import { specFlags } from '../../cli/specs/spec-flags.ts'

export default class SpecList extends McpdCommand {
  static override summary = 'list the documents whose versions are kept'

  static override examples = [
    { description: 'What is kept, and when it was last seen', command: '<%= config.bin %> spec list' },
    {
      description: 'Specs whose newest version is not the accepted one',
      command: `<%= config.bin %> spec list --json | jq -r '.specs[] | select(.newest.number != .accepted.number) | .name'`,
    },
  ]

  static override flags = { ...specFlags }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(SpecList)
    const [{ specPlace }, { summariseAll }, { formatSpecs }] = await Promise.all([
      import('../../cli/specs/spec-place.ts'),
      import('../../crawler/snapshots/summary.ts'),
      import('../../cli/specs/format-specs.ts'),
    ])
    const { store } = specPlace(flags)
    const specs = await summariseAll(store)
    this.log(formatSpecs(specs, store.path))
    return { specs, store: store.path }
  }
}
