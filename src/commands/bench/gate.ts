import { Args, Flags } from '@oclif/core'
import { settingsFlags, settingsOf } from '../../cli/bench/bench-flags.ts'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'

const { repeats: _, ...loadFlags } = settingsFlags

export default class BenchGate extends McpdCommand {
  static override summary = 'fail when a target has become slower than a baseline'
  static override description = `Baseline and candidate are measured in turn, so that what changes on the machine hits both. A metric fails
when its change for the worse is beyond the margin by more than chance explains (bootstrap over runs, Holm over
metrics). The smallest change that the gate can detect is printed. A baseline may also be the file of a report that
was made with --repeats; then only the candidate runs, under the same load.
Exit codes: 0 pass, 1 slower or too many errors, 2 usage, 3 target unreachable, 4 nothing can be concluded, 130.`

  static override examples = [
    {
      description: 'Two servers side by side',
      command:
        '<%= config.bin %> bench gate http://127.0.0.1:8001/v1 --baseline http://127.0.0.1:8000/v1 --model m --duration 20s',
    },
    {
      description: 'Against what was measured before',
      command: '<%= config.bin %> bench gate ollama/llama3.2 --baseline main.json --junit gate.xml',
    },
  ]

  static override args = {
    candidate: Args.string({ description: 'URL, or name of a model', required: true, ignoreStdin: true }),
  }

  static override flags = {
    ...daemonFlags,
    ...loadFlags,
    baseline: Flags.string({
      description: 'target, or report with repeats (.json), to hold it against',
      required: true,
      helpValue: 'target|file.json',
    }),
    pairs: Flags.integer({ description: 'runs of each side', default: 10, min: 5, max: 1000 }),
    margin: Flags.string({ description: 'change for the worse that is allowed, in percent', default: '2' }),
    scenario: Flags.string({ description: 'scenario file; flags win over it', helpValue: 'file.yaml' }),
    output: Flags.string({ char: 'o', description: 'write the JSON here', helpValue: 'file' }),
    junit: Flags.string({ description: 'write the checks as JUnit here', helpValue: 'file' }),
    markdown: Flags.string({ description: 'write a summary as Markdown here', helpValue: 'file' }),
    quiet: Flags.boolean({ char: 'q', description: 'print nothing while it runs' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BenchGate)
    const [{ gateBench }, { gateExit }, { renderGate }, { parsePercent }, { writeGate }, { openLive }] =
      await Promise.all([
        import('../../cli/bench/gate-bench.ts'),
        import('../../bench/compare/gate.ts'),
        import('../../bench/render/comparison.ts'),
        import('../../cli/bench/percent.ts'),
        import('../../cli/bench/write-outputs.ts'),
        import('../../views/bench-live.ts'),
      ])
    const margin = parsePercent(flags.margin, '--margin')
    using live = openLive(flags.quiet ? undefined : process.stderr)
    const gate = await gateBench({
      candidate: args.candidate,
      baseline: flags.baseline,
      pairs: flags.pairs,
      margin,
      given: settingsOf(flags),
      scenarioFile: flags.scenario,
      pids: [],
      preflight: true,
      connect: () => this.connect(flags),
      env: process.env,
      signal: this.interrupted,
      hooks: { signal: this.interrupted, onProgress: live.show },
    })
    await writeGate({ output: flags.output, junit: flags.junit, markdown: flags.markdown }, gate)
    this.log(renderGate(gate))
    process.exitCode = gateExit(gate)
    return gate
  }
}
