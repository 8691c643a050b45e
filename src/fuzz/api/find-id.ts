import { isList, isObject, type Json } from '../../openapi/json.ts'
import { below } from '../../openapi/pointer.ts'
import { plainName } from './nouns.ts'
import type { Need } from './producers.ts'

const wrappers = [
  'data',
  'items',
  'results',
  'result',
  'content',
  'records',
  'entries',
  'values',
  'rows',
  'list',
  'response',
  'payload',
  'item',
  'embedded',
]

/** JSON pointer to the value that a need names in an answer, or undefined. Of lists it is that of the last item. */
export const findId = (answer: Json | undefined, need: Need): string | undefined => find(answer, need, '', 0)

const find = (value: Json | undefined, need: Need, pointer: string, depth: number): string | undefined => {
  if (depth > 4) return undefined
  if (isList(value))
    return value.length === 0
      ? undefined
      : find(value.at(-1), need, below(pointer, value.length - 1), depth + 1)
  if (!isObject(value)) return undefined
  const scalars = Object.entries(value).filter(
    ([, each]) => (typeof each === 'string' && each !== '') || typeof each === 'number',
  )
  const named = new Map(scalars.map(([name]) => [plainName(name), name]))
  for (const wanted of [
    plainName(need.name),
    `${need.noun}id`,
    'id',
    `${need.noun}uuid`,
    'uuid',
    `${need.noun}key`,
    need.noun,
    'slug',
    'key',
    'code',
    'name',
    'model',
  ]) {
    const name = named.get(wanted)
    // `id` of a wrapper's neighbour is not that of what is wrapped.
    if (name !== undefined) return below(pointer, name)
  }
  const inner = Object.entries(value).filter(([, each]) => typeof each === 'object' && each !== null)
  const ranked = inner.toSorted(([left], [right]) => rank(left, need) - rank(right, need))
  for (const [name, each] of ranked) {
    const found = find(each, need, below(pointer, name), depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

const rank = (name: string, { noun }: Need): number => {
  const plain = plainName(name)
  if (plain === noun || plain === `${noun}s`) return 0
  const at = wrappers.indexOf(plain)
  return at < 0 ? 100 : 1 + at
}

/** The items of a list answer, whatever wraps it, and where they are. */
export const itemsOf = (
  answer: Json | undefined,
): { readonly items: readonly Json[]; readonly pointer: string } | undefined => {
  if (isList(answer)) return { items: answer, pointer: '' }
  if (!isObject(answer)) return undefined
  const lists = Object.entries(answer).filter(([, each]) => isList(each))
  const ranked = lists.toSorted(
    ([left], [right]) => rank(left, { name: '', noun: '' }) - rank(right, { name: '', noun: '' }),
  )
  const [first] = ranked
  if (first) return { items: first[1] as readonly Json[], pointer: below('', first[0]) }
  for (const name of ['data', '_embedded', 'result', 'response', 'page']) {
    const found = itemsOf(answer[name])
    if (found) return { items: found.items, pointer: `${below('', name)}${found.pointer}` }
  }
  return undefined
}
