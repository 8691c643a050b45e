import { McpdError } from './errors.ts'

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 }
const sizeUnits: Readonly<Record<string, number>> = {
  B: 1,
  KB: 2 ** 10,
  MB: 2 ** 20,
  GB: 2 ** 30,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
}

/** How people write a duration: `500ms`, `1.5s`, `2m`, `1h`, `7d`. */
export const durationPattern = '^\\d+(\\.\\d+)?(ms|s|m|h|d)$'
/** How people write a size: `64KB`, `32MB`, `1GB`; K, M and G are powers of 1024. */
export const sizePattern = '^\\d+(\\.\\d+)?(B|KB|MB|GB|KiB|MiB|GiB)$'

const parse = (text: string, pattern: string, units: Readonly<Record<string, number>>, example: string) => {
  const [, unit = ''] = new RegExp(pattern.replace('(\\.\\d+)?', '(?:\\.\\d+)?')).exec(text) ?? []
  const factor = units[unit]
  if (factor === undefined)
    throw new McpdError('CONFIG_INVALID', `"${text}" has no known unit; write ${example}.`)
  const quantity = Math.round(Number.parseFloat(text) * factor)
  if (!Number.isSafeInteger(quantity))
    throw new McpdError('CONFIG_INVALID', `"${text}" is too much; write ${example}.`)
  return quantity
}

/** A timer set for longer than this fires at once. */
export const timerMaxMs = 2 ** 31 - 1

/** Whether a text that matches `durationPattern` is one a timer can wait for. */
export const fitsTimer = (text: string): boolean =>
  Number.parseFloat(text) * (durationUnits[text.replace(/[\d.]/g, '')] ?? 0) <= timerMaxMs

/** Milliseconds. Throws CONFIG_INVALID. */
export const parseDuration = (text: string): number =>
  parse(text, durationPattern, durationUnits, '500ms, 30s, 5m or 1h')

/** Bytes. Throws CONFIG_INVALID. */
export const parseSize = (text: string): number => parse(text, sizePattern, sizeUnits, '64KB, 32MB or 1GB')
