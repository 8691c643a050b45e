import { writeFileSync } from 'node:fs'
import { Args, Flags } from '@oclif/core'
import { McpdCommand } from '../../cli/command.ts'
import { specFlags } from '../../cli/specs/spec-flags.ts'

export default class SpecExport extends McpdCommand {
  static override summary = 'print a document as it came, or as OpenAPI 3.1'

  static override examples = [
    {
      description: 'The newest version, byte for byte',
      command: '<%= config.bin %> spec export tgi > tgi.json',
    },
    {
      description: 'An older one as OpenAPI 3.1',
      command: '<%= config.bin %> spec export tgi@first --canonical --output tgi-3.1.json',
    },
    {
      description: 'Its paths',
      command: "<%= config.bin %> spec export tgi --json | jq '.document.paths | keys'",
    },
  ]

  static override args = {
    spec: Args.string({ description: 'name, or name@version', required: true }),
  }

  static override flags = {
    ...specFlags,
    canonical: Flags.boolean({ description: 'as OpenAPI 3.1 in JSON, members sorted by name' }),
    output: Flags.string({ char: 'o', description: 'write it to a file', helpValue: 'file' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(SpecExport)
    const [{ specPlace }, { selectVersion }] = await Promise.all([
      import('../../cli/specs/spec-place.ts'),
      import('../../crawler/snapshots/select.ts'),
    ])
    const { records, version } = await selectVersion(specPlace(flags).store, args.spec)
    const canonical = await records.canonical(version)
    const content = flags.canonical ? canonical : await records.raw(version)
    if (flags.output !== undefined) writeFileSync(flags.output, content)
    else if (!this.jsonEnabled()) process.stdout.write(content)
    return { name: records.name, version: version.number, document: JSON.parse(canonical) as unknown }
  }
}
