import { createHash } from 'node:crypto'
import { canonicalText } from '../../../openapi/json.ts'
import type { Alternative } from '../../../openapi/schema/alternative.ts'
import { alternatives } from '../../../openapi/schema/alternatives.ts'
import { isAny, isNever, type View } from '../../../openapi/schema/view.ts'

/** Levels of members and items that count. */
const depthMax = 4

/**
 * What a branch of a union is made of: types, names of members and values of enums, a few levels deep. Two branches
 * that allow the same and are made of the same are one and the same, wherever they stand and whatever they are called.
 */
export const signatureOf = (one: Alternative): string => ofAlternative(one, depthMax)

const ofAlternative = (one: Alternative, depth: number): string => {
  const name = `signature ${one.view.key} ${one.type} ${depth}`
  const { memory } = one.view.space
  const known = memory.get(name) as string | undefined
  if (known !== undefined) return known
  const found = createHash('sha1').update(madeOf(one, depth)).digest('base64').slice(0, 16)
  memory.set(name, found)
  return found
}

const madeOf = (one: Alternative, depth: number): string => {
  if (one.values) return `=${one.values.map(canonicalText).toSorted().join(',')}`
  if (depth === 0) return one.type
  if (one.type === 'array')
    return `[${[...one.prefix, one.items].map((each) => ofView(each, depth - 1)).join()}]`
  if (one.type !== 'object') return one.type
  const members = [...one.properties].map(
    ([name, view]) => `${JSON.stringify(name)}${one.required.has(name) ? '!' : ''}${ofView(view, depth - 1)}`,
  )
  return `{${members.toSorted().join()}${ofView(one.additional, depth - 1)}}`
}

const ofView = (view: View, depth: number): string => {
  if (isAny(view)) return '*'
  if (isNever(view)) return '-'
  return alternatives(view)
    .map((each) => ofAlternative(each, depth))
    .toSorted()
    .join('|')
}
