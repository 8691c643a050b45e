import { McpdError } from '../../core/errors.ts'

/** `2` or `2%` as 0.02. Throws USAGE. */
export const parsePercent = (text: string, what: string): number => {
  const [, digits] = /^(\d+(?:\.\d+)?) ?%?$/.exec(text.trim()) ?? []
  const part = Number(digits) / 100
  if (digits === undefined || part >= 1)
    throw new McpdError('USAGE', `${what} "${text}" is no percentage from 0 to 100.`)
  return part
}
