import { Flags } from '@oclif/core'
import { McpdCommand } from '../../cli/command.ts'

export default class BenchSelftest extends McpdCommand {
  static override summary = 'measure how exact the bench itself is on this machine'
  static override description = `It measures a simulator that runs beside it and knows when it sent each token, and prints by how much the
client was wrong. The result is kept, and later reports carry it as their error bar.
Exit codes: 0 done, 4 the machine was too busy for the simulator to be a yardstick.`

  static override examples = [
    { description: 'The error bar of this machine', command: '<%= config.bin %> bench selftest' },
    {
      description: 'Without being scheduled away, where that is allowed',
      command: 'sudo chrt -f 5 <%= config.bin %> bench selftest',
    },
  ]

  static override flags = {
    streams: Flags.integer({ description: 'answers at the same time', default: 200, min: 1, max: 5000 }),
    'tokens-per-second': Flags.integer({ description: 'of each answer', default: 50, min: 1, max: 1000 }),
    seconds: Flags.integer({ description: 'how long', default: 8, min: 1, max: 600 }),
    threads: Flags.integer({ description: 'measuring threads', default: 1, min: 1, max: 64 }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(BenchSelftest)
    const [{ runSelftest, selftestDefaults }, { renderSelftest }, { saveErrorBar }] = await Promise.all([
      import('../../bench/selftest/selftest.ts'),
      import('../../bench/render/selftest.ts'),
      import('../../bench/selftest/saved-error-bar.ts'),
    ])
    const result = await runSelftest(
      {
        ...selftestDefaults,
        streams: flags.streams,
        tokensPerSecond: flags['tokens-per-second'],
        durationMs: flags.seconds * 1000,
        threads: flags.threads,
      },
      this.interrupted,
    )
    this.interrupted.throwIfAborted()
    if (result.isValid) await saveErrorBar(result.errorBar, process.env)
    this.log(renderSelftest(result))
    process.exitCode = result.isValid ? 0 : 4
    const { run: _, ...shown } = result
    return shown
  }
}
