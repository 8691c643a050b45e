import { setTimeout as sleep } from 'node:timers/promises'
import { Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../cli/command.ts'
import { followLines } from '../cli/log-file.ts'
import { formatLogEntry, parseLogLine, passesLevel } from '../cli/log-line.ts'
import { printable } from '../cli/printable.ts'
import { errorTable } from '../core/errors.ts'

const lookEveryMs = 200

export default class Logs extends McpdCommand {
  static override summary = "show the daemon's log"
  static override description = `Reads the log file of the state directory, whether the daemon runs or not.`

  static override examples = [
    { description: 'The last lines', command: '<%= config.bin %> logs' },
    { description: 'Every new line as it is written', command: '<%= config.bin %> logs --follow' },
    {
      description: 'Warnings and worse of the last 1000 lines, as they were written',
      command: '<%= config.bin %> logs --lines 1000 --level warn --json',
    },
  ]

  static override flags = {
    'state-dir': daemonFlags['state-dir'],
    follow: Flags.boolean({ char: 'f', description: 'go on with every new line until Ctrl-C' }),
    lines: Flags.integer({
      char: 'n',
      description: 'how many lines to look back',
      default: 50,
      min: 0,
      max: 1_000_000,
      helpValue: 'number',
    }),
    level: Flags.option({
      options: ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const,
      description: 'leave out what is less severe',
      default: 'trace' as const,
    })(),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Logs)
    const { findLog } = await import('../client/locate.ts')
    const path = findLog(flags['state-dir'], process.env)
    const signal = this.interrupted
    const wait = () => sleep(lookEveryMs, undefined, { signal })
    try {
      for await (const line of followLines(path, { lines: flags.lines, ...(flags.follow && { wait }) })) {
        const entry = parseLogLine(line)
        if (!passesLevel(entry, flags.level)) continue
        const shown = this.jsonEnabled()
          ? line
          : entry === undefined
            ? printable(line)
            : formatLogEntry(entry)
        process.stdout.write(`${shown}\n`)
      }
    } catch (error) {
      if (!signal.aborted) throw error
      // Ctrl-C is how following ends: nothing to be told about, least of all among JSON lines.
      process.exitCode = errorTable.CANCELLED.exit
    }
  }
}
