import { Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'

const { url: _, ...local } = daemonFlags

export default class ContextRotate extends McpdCommand {
  static override summary = 'encrypt every conversation with the first key'
  static override description = `The running daemon encrypts what it keeps with the first key of contexts.encryption, what is not yet, in short steps that requests get in between. Broken off, it can be run again. Once nothing is left under an older key that key can be taken out. The exit code is 1 while something is.`

  static override examples = [
    {
      description: 'After a new key was put in front, and the daemon started',
      command: '<%= config.bin %> context rotate',
    },
    {
      description: 'Only say how much is encrypted with which key',
      command: '<%= config.bin %> context rotate --count',
    },
  ]

  static override flags = {
    ...local,
    count: Flags.boolean({ description: 'change nothing', default: false }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ContextRotate)
    const { count, ...rest } = flags
    const { formatRotated } = await import('../../cli/contexts/format-store.ts')
    await using client = await this.connect({ ...rest, url: undefined })
    const report = await client.contexts.rotate({ countOnly: count }, { signal: this.interrupted })
    this.log(formatRotated(report))
    if (Object.keys(report.keys).length > 1) process.exitCode = 1
    return report
  }
}
