import type { Json } from '../json.ts'
import { accepts } from './accepts.ts'
import type { Alternative } from './alternative.ts'
import type { View } from './view.ts'

/** How values travel: as JSON, as plain text, or as text of which a list is one value each. */
export type Text = 'none' | 'plain' | 'exploded'

/** Whether one of the alternatives takes a value as the text that it travels as. */
export const acceptsAsText = (options: readonly Alternative[], value: Json, text: Text): boolean =>
  text !== 'none' &&
  options.some((option) =>
    option.type === 'string'
      ? typeof value !== 'object' && value !== null && accepts(option.view, String(value))
      : text === 'exploded' &&
        option.type === 'array' &&
        option.minItems <= 1 &&
        typeof value !== 'object' &&
        accepts(option.prefix[0] ?? option.items, value),
  )

/** Whether it is proven that `outer` takes all of `inner` as text. `covers` is asked about the items of a list. */
export const includesAsText = (
  outer: Alternative,
  inner: Alternative,
  text: Text,
  covers: (outer: View, inner: Alternative) => boolean,
): boolean => {
  const isScalar = inner.type === 'number' || inner.type === 'string' || inner.type === 'boolean'
  if (outer.type === 'string')
    return (
      isScalar &&
      inner.type !== 'string' &&
      !outer.values &&
      outer.patterns.length === 0 &&
      outer.formats.length === 0 &&
      outer.minLength <= 1 &&
      outer.maxLength === Infinity
    )
  return (
    text === 'exploded' &&
    outer.type === 'array' &&
    isScalar &&
    outer.minItems <= 1 &&
    outer.maxItems >= 1 &&
    outer.contains.length === 0 &&
    covers(outer.prefix[0] ?? outer.items, inner)
  )
}

/** What else a value may be read as by who gets it as text. */
export const readings = (value: Json, text: 'plain' | 'exploded'): readonly Json[] => {
  if (typeof value === 'object') return []
  const written = String(value)
  const plain: Json[] = [written]
  if (/^-?\d+(\.\d+)?$/.test(written)) plain.push(Number(written))
  if (written === 'true' || written === 'false') plain.push(written === 'true')
  return text === 'exploded' ? [...plain, ...plain.map((each) => [each])] : plain
}
