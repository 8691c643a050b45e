import { below } from '../core/config-file.ts'
import type { EffectiveConfig } from './effective-config.ts'
import { printable } from './printable.ts'

interface Line {
  readonly text: string
  readonly origin?: string
}

/** What `mcpd config show` prints: the shape of mcpd.yaml, with the origin of every value behind it. */
export const formatConfig = ({ values, origins }: EffectiveConfig): string => {
  const lines = linesOf(values, '', '', origins)
  const width = Math.max(...lines.map(({ text, origin }) => (origin === undefined ? 0 : text.length)))
  return lines
    .map(({ text, origin }) =>
      origin === undefined ? text : `${text.padEnd(width)}  # ${printable(origin)}`,
    )
    .join('\n')
}

type Origins = EffectiveConfig['origins']

const linesOf = (value: unknown, pointer: string, indent: string, origins: Origins): Line[] => {
  const members = Array.isArray(value)
    ? value.map((item, index) => [index, item] as const)
    : Object.entries(value as object)
  return members.flatMap(([key, member]) => {
    const at = below(pointer, key)
    const head = `${indent}${typeof key === 'number' ? '-' : `${scalar(key)}:`}`
    if (!isNested(member)) return [line(`${head} ${scalar(member)}`, origins[at])]
    const deeper = linesOf(member, at, `${indent}  `, origins)
    if (typeof key !== 'number') return [{ text: head }, ...deeper]
    // The first member of an item stands behind its dash.
    const [first, ...rest] = deeper
    return first ? [{ ...first, text: `${head} ${first.text.trimStart()}` }, ...rest] : []
  })
}

const line = (text: string, origin: string | undefined): Line =>
  origin === undefined ? { text } : { text, origin }

const isNested = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0

/** Plain where nobody could take it for anything else; the mask of a secret stays what it looks like. */
const scalar = (value: unknown): string =>
  typeof value === 'string' && plain.test(value) && !other.test(value) ? value : JSON.stringify(value)

const plain = /^[\w./~*$][\w./~:@*?=&%,+{}()$-]*( [\w./:*-]+)*$/
/** What YAML would not read as text. */
const other = /^(true|false|null|~|yes|no|on|off|\.?\d+(\.\d*)?(e[-+]?\d+)?|0[xo][\da-f]+)$/i
