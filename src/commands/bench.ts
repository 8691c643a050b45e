import { Args, Flags } from '@oclif/core'
import { settingsFlags, settingsOf } from '../cli/bench/bench-flags.ts'
import { daemonFlags, McpdCommand } from '../cli/command.ts'

export default class Bench extends McpdCommand {
  static override summary = 'measure how fast a backend answers'
  static override description = `The target is the URL of an API, or a model, a backend or a group of the daemon; several take requests in turn.
Without a target it measures, in a minute and 20,000 tokens at most, the models that are loaded on this machine.
Latencies are taken at the socket; the report says how far the client itself can be trusted.
Exit codes: 0 all well, 1 objective missed or too many errors, 2 usage, 3 target unreachable, 4 the run is invalid,
130 interrupted (the report is of what was done). A key for a URL goes into MCPD_BENCH_API_KEY.`

  static override examples = [
    { description: 'What this machine can do', command: '<%= config.bin %> bench' },
    {
      description: 'Eight requests at once for 30 seconds',
      command: '<%= config.bin %> bench http://127.0.0.1:8000/v1 --model llama-3 --concurrency 8',
    },
    {
      description: 'Through the daemon, on a schedule, with objectives',
      command: '<%= config.bin %> bench ollama/llama3.2 --rate 2 --duration 1m --slo ttft=500ms,tpot=50ms',
    },
    {
      description: 'A sweep, as a page to look at',
      command:
        '<%= config.bin %> bench local/llama-3 --concurrency 1,2,4,8,16 --duration 20s --html report.html',
    },
  ]

  static override strict = false

  static override args = {
    target: Args.string({ description: 'URL, or name of a model, backend or group', ignoreStdin: true }),
  }

  static override flags = {
    ...daemonFlags,
    ...settingsFlags,
    scenario: Flags.string({
      description: 'baseline, scaling, failure, or a scenario file; flags win over it',
      helpValue: 'name|file.yaml',
    }),
    through: Flags.string({
      description:
        'mcpd: the same load directly and through the daemon, in turn; the difference is what the façade costs',
      options: ['mcpd'],
    }),
    fault: Flags.string({
      description: 'of the failure scenario: kill, freeze, slow, 5xx or cut, such as freeze@10s+3s',
      multiple: true,
      helpValue: 'KIND@START+LENGTH',
    }),
    start: Flags.string({
      description:
        "run this command of the shell as the target's server, and end it; the failure scenario kills and freezes it itself",
      helpValue: 'command',
    }),
    pid: Flags.integer({
      description: 'process to watch the CPU, memory and threads of',
      multiple: true,
      min: 1,
    }),
    preflight: Flags.boolean({
      description: 'ask each target once before the run',
      default: true,
      allowNo: true,
    }),
    selftest: Flags.boolean({
      description: 'measure the client first, where that has not been done within a week',
      default: true,
      allowNo: true,
    }),
    'strict-client': Flags.boolean({ description: 'exit code 4 unless the client was ok all the time' }),
    output: Flags.string({ char: 'o', description: 'write the JSON report here', helpValue: 'file' }),
    records: Flags.string({ description: 'write one JSON line per request here', helpValue: 'file' }),
    html: Flags.string({ description: 'write a page to look at here', helpValue: 'file' }),
    csv: Flags.string({ description: 'write the steps as CSV here', helpValue: 'file' }),
    markdown: Flags.string({ description: 'write a summary as Markdown here', helpValue: 'file' }),
    junit: Flags.string({ description: 'write the checks as JUnit here', helpValue: 'file' }),
    quiet: Flags.boolean({ char: 'q', description: 'print nothing while it runs' }),
  }

  async run(): Promise<unknown> {
    const { flags, argv } = await this.parse(Bench)
    const [{ runBench }, { openLive }] = await Promise.all([
      import('../cli/bench/run-bench.ts'),
      import('../views/bench-live.ts'),
    ])
    // Progress goes to standard error, so that standard output holds the report alone.
    using live = openLive(flags.quiet ? undefined : process.stderr)
    const { report, exit, table } = await runBench({
      names: argv.map(String),
      given: { ...settingsOf(flags), ...(flags.fault && { faults: flags.fault }) },
      scenario: flags.scenario,
      through: flags.through,
      start: flags.start,
      tell: (text) => {
        if (!flags.quiet) process.stderr.write(`${text}\n`)
      },
      pids: flags.pid ?? [],
      preflight: flags.preflight,
      strictClient: flags['strict-client'],
      files: {
        output: flags.output,
        records: flags.records,
        html: flags.html,
        csv: flags.csv,
        markdown: flags.markdown,
        junit: flags.junit,
      },
      selftest: flags.selftest,
      hooks: { signal: this.interrupted, onProgress: live.show },
      version: this.config.version,
      connect: () => this.connect(flags),
      env: process.env,
      signal: this.interrupted,
    })
    this.log(table)
    process.exitCode = exit
    return report
  }
}
