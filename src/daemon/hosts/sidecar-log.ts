import type { Readable } from 'node:stream'
import type { AdapterHost } from '../../core/adapter.ts'
import { createNdjsonDecoder } from '../../core/ndjson.ts'

const logLevels = ['debug', 'info', 'warn', 'error'] as const

export interface LogLimits {
  readonly logLineMaxBytes: number
  /** Lines of one second that are logged; the rest is only counted. */
  readonly logLinesMax: number
}

/** Each line of `stream` to the log: a JSON entry as what it is, anything else at `level`. Returns the last other line. */
export const followLog = (
  stream: Readable | null,
  level: 'debug' | 'warn',
  { log }: AdapterHost,
  { logLineMaxBytes, logLinesMax }: LogLimits,
): (() => string) => {
  let decoder = createNdjsonDecoder(logLineMaxBytes)
  let last = ''
  let second = 0
  let lines = 0

  /** Whether there is still room in this second. */
  const admits = (): boolean => {
    const now = Math.floor(performance.now() / 1000)
    if (now !== second) {
      if (lines > logLinesMax) log('warn', `${lines - logLinesMax} lines of its log were left out`)
      second = now
      lines = 0
    }
    lines += 1
    return lines <= logLinesMax
  }

  const handle = (text: string): void => {
    if (text.trim() === '') return
    const admitted = admits()
    try {
      const { level: own, message, ...fields } = JSON.parse(text) as Record<string, unknown>
      const known = logLevels.find((candidate) => candidate === own)
      if (known === undefined || typeof message !== 'string') throw new TypeError('not one of our entries')
      if (admitted) log(known, message, fields)
    } catch {
      last = text.trim()
      if (admitted) log(level, last)
    }
  }
  stream?.on('data', (chunk: Buffer) => {
    try {
      for (const { text } of decoder.push(chunk)) handle(text)
    } catch {
      // Of a line without end nothing is kept.
      decoder = createNdjsonDecoder(logLineMaxBytes)
    }
  })
  stream?.on('end', () => handle(decoder.end()?.text ?? ''))
  stream?.on('error', () => undefined)
  return () => last.slice(0, 500)
}
