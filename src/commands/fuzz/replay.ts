import { Args, Flags } from '@oclif/core'
import { McpdCommand } from '../../cli/command.ts'
import { fuzzFlags } from '../../cli/fuzz/fuzz-flags.ts'
import { specFlags } from '../../cli/specs/spec-flags.ts'

const { url, auth, auth2, header, timeout, hooks } = fuzzFlags

export default class FuzzReplay extends McpdCommand {
  static override summary = 'say whether findings of "mcpd fuzz" are fixed, still failing or drifted'
  static override description = `FILE is what "mcpd fuzz --findings DIRECTORY" wrote; several may be given. The steps are taken again, with credentials of
now: the files hold none. "drifted" says that the way to the fault is another one by now, so that nothing can be said of it.
Exit codes: 0 all fixed, 1 something still fails, 2 usage, 3 target unreachable, 4 something drifted.`

  static override examples = [
    {
      description: 'One',
      command: '<%= config.bin %> fuzz replay found/get-pets-not_a_server_error-0a1b2c3d4e5f.json',
    },
    {
      description: 'All of a run, somewhere else',
      command:
        '<%= config.bin %> fuzz replay found/*.json --url http://127.0.0.1:8080 --auth bearer:env:TOKEN',
    },
  ]

  static override strict = false

  static override args = {
    file: Args.string({ description: 'file of a finding', required: true, ignoreStdin: true }),
  }

  static override flags = {
    ...specFlags,
    url,
    auth,
    auth2,
    header,
    timeout,
    hooks,
    'allow-host': fuzzFlags['allow-host'],
    'allow-destructive': fuzzFlags['allow-destructive'],
    spec: Flags.string({
      description: 'the document, where it is not where it was: file, URL or spec@version',
      helpValue: 'document',
      helpGroup: 'TARGET',
    }),
  }

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(FuzzReplay)
    const { exitCodeOf, formatReplayed, runReplay } = await import('../../cli/fuzz/replay/run-replay.ts')
    const done = await runReplay({
      files: argv.map(String),
      flags,
      env: process.env,
      signal: this.interrupted,
    })
    this.log(formatReplayed(done))
    process.exitCode = exitCodeOf(done)
    return { replays: done }
  }
}
