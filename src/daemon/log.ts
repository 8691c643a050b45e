import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { destination, type Level, type Logger, multistream, pino } from 'pino'
import { McpdError } from '../core/errors.ts'

export interface LogOptions {
  readonly level: string
  readonly file: string
  /** Warnings and errors for people go to stderr too. */
  readonly terminal: boolean
}

/** JSON lines in the log file; on a terminal the important ones in readable form as well. Throws CONFIG_INVALID. */
export const openLog = async ({ level, file, terminal }: LogOptions): Promise<Logger & { close(): void }> => {
  try {
    mkdirSync(dirname(file), { recursive: true })
    const target = destination({ dest: file, append: true, sync: false, mode: 0o600 })
    const streams = [
      { level: level as Level, stream: target },
      ...(terminal
        ? [
            {
              level: 'warn' as const,
              stream: await readable(),
            },
          ]
        : []),
    ]
    const logger = pino({ level, base: { pid: process.pid } }, multistream(streams))
    return Object.assign(logger, {
      close: () => {
        // Not open yet when the start failed at once; then there is nothing to flush.
        if ((target as unknown as { fd: number }).fd >= 0) target.flushSync()
        target.end()
      },
    })
  } catch (error) {
    throw new McpdError('CONFIG_INVALID', `The log file ${file} cannot be written.`, {}, error)
  }
}

/** Loaded for a terminal only: a daemon in the background needs none of it. */
const readable = async () => {
  const { default: pretty } = await import('pino-pretty')
  return pretty({ destination: 2, ignore: 'pid,hostname', translateTime: 'HH:MM:ss', sync: true })
}
