import { printable } from './printable.ts'
import { formatDuration } from './quantity.ts'

/** pino's numbers. */
export const logLevels = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const
export type LogLevel = keyof typeof logLevels

/** One line of `log.jsonl`, as pino writes it; undefined for a line that is none, such as a crash of Node. */
export interface LogEntry {
  readonly level: number
  readonly time?: number | string
  readonly msg?: string
  readonly [field: string]: unknown
}

export const parseLogLine = (line: string): LogEntry | undefined => {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    const isEntry =
      typeof value === 'object' && value !== null && 'level' in value && typeof value.level === 'number'
    return isEntry ? (value as LogEntry) : undefined
  } catch {
    return undefined
  }
}

/** Lines that are no entries pass every level: what a dying process said must not be filtered away. */
export const passesLevel = (entry: LogEntry | undefined, least: LogLevel): boolean =>
  entry === undefined || entry.level >= logLevels[least]

const known = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'v', 'err'])

/** `12:34:56.789 WARN  message  field=value …`, an error's stack indented below. Local time. */
export const formatLogEntry = (entry: LogEntry): string => {
  const name =
    Object.entries(logLevels).find(([, number]) => number === entry.level)?.[0] ?? String(entry.level)
  const fields = Object.entries(entry)
    .filter(([key]) => !known.has(key))
    .map(([key, value]) => `${key}=${formatField(key, value)}`)
  const head = [formatTime(entry.time), name.toUpperCase().padEnd(5), entry.msg ?? '', ...fields].join(' ')
  const stack = stackOf(entry['err'])
  return printable(stack === undefined ? head : `${head}\n${stack.replaceAll(/^/gm, '    ')}`)
}

const formatField = (key: string, value: unknown): string => {
  if (key.endsWith('Ms') && typeof value === 'number') return formatDuration(value).replace(' ', '')
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
}

const formatTime = (time: number | string | undefined): string => {
  const date = time === undefined ? undefined : new Date(time)
  if (date === undefined || Number.isNaN(date.getTime())) return '--:--:--.---'
  const two = (part: number): string => String(part).padStart(2, '0')
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

const stackOf = (error: unknown): string | undefined => {
  if (typeof error !== 'object' || error === null) return undefined
  if ('stack' in error && typeof error.stack === 'string') return error.stack
  return 'message' in error && typeof error.message === 'string' ? error.message : undefined
}
