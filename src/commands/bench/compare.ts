import { Args } from '@oclif/core'
import { McpdCommand } from '../../cli/command.ts'

export default class BenchCompare extends McpdCommand {
  static override summary = 'show what changed between two reports'
  static override description = `With repeats in both, each change comes with an interval and a verdict; single runs can only be shown side
by side, since nothing is known of how much such runs differ. To fail on a change, use "mcpd bench gate".`

  static override examples = [
    { description: 'Before and after', command: '<%= config.bin %> bench compare before.json after.json' },
  ]

  static override args = {
    baseline: Args.string({
      description: 'report of "mcpd bench --output"',
      required: true,
      ignoreStdin: true,
    }),
    candidate: Args.string({ description: 'the other one', required: true, ignoreStdin: true }),
  }

  async run(): Promise<unknown> {
    const { args } = await this.parse(BenchCompare)
    const [{ compareDefaults, compareRuns }, { valuesOf }, { renderRows }, { readReport }] =
      await Promise.all([
        import('../../bench/compare/compare.ts'),
        import('../../bench/compare/values.ts'),
        import('../../bench/render/comparison.ts'),
        import('../../cli/bench/read-report.ts'),
      ])
    const [baseline, candidate] = [await readReport(args.baseline), await readReport(args.candidate)]
    const rows = compareRuns(
      baseline.repeats ?? [valuesOf(baseline.metrics)],
      candidate.repeats ?? [valuesOf(candidate.metrics)],
      { ...compareDefaults, paired: false },
    )
    this.log(rows.length === 0 ? 'The reports have no metric in common.' : renderRows(rows))
    return { baseline: args.baseline, candidate: args.candidate, rows }
  }
}
