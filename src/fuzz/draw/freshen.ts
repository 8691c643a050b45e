import { isList, isObject, type Json } from '../../openapi/json.ts'
import { below } from '../../openapi/pointer.ts'
import { accepts } from '../../openapi/schema/accepts.ts'
import { alternatives } from '../../openapi/schema/alternatives.ts'
import { memberView } from '../../openapi/schema/structure.ts'
import type { View } from '../../openapi/schema/view.ts'
import { between, type Random } from './random.ts'
import { formatOf, shifted, shuffle, typicalText } from './text.ts'

/**
 * The value with other texts where the schema leaves room, so that what has to be unique is. Texts at or below one of
 * the `kept` pointers stay, and so does every text that is not valid.
 */
export const freshen = (view: View, value: Json, random: Random, kept: readonly string[] = []): Json =>
  fresh(view, value, { random, kept, days: between(random, 0, shiftMaxDays) }, '', '', 0)

interface Freshening {
  readonly random: Random
  readonly kept: readonly string[]
  /** By which all days move together: which comes first, and how far apart they are, stays. */
  readonly days: number
}

/** Nine years: what may not overlap seldom does. */
const shiftMaxDays = 3300

const depthMax = 6

const fresh = (
  view: View,
  value: Json,
  how: Freshening,
  pointer: string,
  name: string,
  depth: number,
): Json => {
  if (
    depth > depthMax ||
    how.kept.some((each) => each === pointer || (each !== '' && pointer.startsWith(`${each}/`)))
  )
    return value
  if (typeof value === 'string') return freshText(view, value, how, name)
  if (isList(value)) {
    const one = alternatives(view).find((each) => each.type === 'array')
    return one?.type === 'array' && !one.values
      ? value.map((item, at) =>
          fresh(one.prefix[at] ?? one.items, item, how, below(pointer, at), name, depth + 1),
        )
      : value
  }
  if (!isObject(value)) return value
  const one =
    alternatives(view).find((each) => each.type === 'object' && accepts(each.view, value)) ??
    alternatives(view).find((each) => each.type === 'object')
  if (one?.type !== 'object' || one.values) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      one.properties.has(key)
        ? fresh(memberView(one, key), member, how, below(pointer, key), key, depth + 1)
        : member,
    ]),
  )
}

const freshText = (view: View, value: string, { random, days }: Freshening, name: string): Json => {
  const one = alternatives(view).find((each) => each.type === 'string')
  if (one?.type !== 'string' || one.values || !accepts(view, value)) return value
  if (/^date(-time)?$/.test(formatOf(one) ?? '')) return shifted(value, days) ?? value
  // What is short is seldom unique, and often a word that has a meaning.
  if (one.maxLength < 4) return value
  const shuffled = one.patterns.length > 0 ? shuffle(value, random) : undefined
  if (shuffled !== undefined && accepts(view, shuffled)) return shuffled
  return typicalText(one, random, name) ?? value
}
