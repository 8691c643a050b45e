import { Args, Flags } from '@oclif/core'
import { McpdCommand } from '../cli/command.ts'
import { fuzzFlags } from '../cli/fuzz/fuzz-flags.ts'
import { reportFlags } from '../cli/fuzz/write-reports.ts'
import { specFlags } from '../cli/specs/spec-flags.ts'

export default class Fuzz extends McpdCommand {
  static override summary = 'test an API against its OpenAPI document'
  static override description = `SPEC is a file, a URL, - for standard input, or spec@version of the store. Without arguments mcpd tests a daemon that it
starts for that, with a stand-in backend, and stops again.
Each finding was seen twice and made small; what is shown with it makes it happen again.
Exit codes: 0 nothing found, 1 findings, 2 usage, 3 target unreachable, 4 the document cannot be read, 130 interrupted
(the report is of what was done).`

  static override examples = [
    { description: "mcpd's own API", command: '<%= config.bin %> fuzz' },
    {
      description: 'A service in a minute, as somebody who may',
      command:
        '<%= config.bin %> fuzz openapi.yaml --url http://127.0.0.1:8080 --auth bearer:env:TOKEN --time 60s',
    },
    {
      description: 'Whether one user reaches what belongs to another',
      command: '<%= config.bin %> fuzz openapi.yaml --auth bearer:env:ANN --auth2 bearer:env:BOB',
    },
    {
      description: 'In CI: only what is new fails',
      command:
        '<%= config.bin %> fuzz api.json --url http://127.0.0.1:3000 --baseline known.json --junit fuzz.xml --seed 1',
    },
  ]

  static override args = {
    spec: Args.string({ description: 'the document: file, URL, - or spec@version', ignoreStdin: true }),
  }

  static override flags = {
    ...fuzzFlags,
    ...reportFlags,
    ...specFlags,
    quiet: Flags.boolean({ char: 'q', description: 'print nothing while it runs' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Fuzz)
    const [{ fuzz }, { openFuzzLive }, { writeReports }, { formatText }, { reportOf }] = await Promise.all([
      import('../cli/fuzz/run-fuzz.ts'),
      import('../views/fuzz-live.ts'),
      import('../cli/fuzz/write-reports.ts'),
      import('../fuzz/report/text.ts'),
      import('../fuzz/report/json.ts'),
    ])
    const live = openFuzzLive(flags.quiet ? undefined : process.stderr)
    let outcome
    try {
      outcome = await fuzz({
        spec: args.spec,
        flags,
        env: process.env,
        tell: (text) => {
          if (!flags.quiet) process.stderr.write(`${text}\n`)
        },
        onProgress: live.show,
        signal: this.interrupted,
      })
    } finally {
      live[Symbol.dispose]()
    }
    const { result, exitFor } = outcome
    const files = await writeReports(result, flags, this.config.version)
    this.log(formatText(result, { colour: process.stdout.isTTY && !process.env['NO_COLOR'], files }))
    process.exitCode = exitFor(result)
    return reportOf(result)
  }
}
