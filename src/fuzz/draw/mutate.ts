import { isList, isObject, type Json } from '../../openapi/json.ts'
import { below } from '../../openapi/pointer.ts'
import { withPart } from './draw.ts'
import { between, oneOf, type Random } from './random.ts'

/** One wrong thing about a value: where it is and what was done. */
export interface Mutation {
  readonly value: Json
  readonly pointer: string
  readonly what: string
}

const placesMax = 200

/** A value with one thing changed by one of the operators; undefined where the operator does nothing here. */
export const mutate = (value: Json, random: Random): Mutation | undefined => {
  const places = placesOf(value, '', [])
  const place = oneOf(random, places)
  if (!place) return undefined
  const { pointer, part } = place
  const operator = oneOf(random, operators)
  const changed = operator?.(part, random)
  if (!changed) return undefined
  const whole =
    changed.value === undefined && pointer === '' ? undefined : withPart(value, pointer, changed.value)
  return whole === undefined ? undefined : { value: whole, pointer, what: changed.what }
}

interface Place {
  readonly pointer: string
  readonly part: Json
}

const placesOf = (value: Json, pointer: string, found: Place[]): readonly Place[] => {
  if (found.length >= placesMax) return found
  found.push({ pointer, part: value })
  if (isList(value)) for (const [at, item] of value.entries()) placesOf(item, below(pointer, at), found)
  else if (isObject(value))
    for (const [name, member] of Object.entries(value)) placesOf(member, below(pointer, name), found)
  return found
}

type Operator = (
  part: Json,
  random: Random,
) => { readonly value: Json | undefined; readonly what: string } | undefined

const strange: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  1e21,
  '',
  ' ',
  'text',
  '0',
  'true',
  'null',
  [],
  [null],
  {},
  { a: null },
  '\u0000',
  '🚀',
  '%s%n',
  '-1',
  '1e3',
]

const operators: readonly Operator[] = [
  (_, random) => ({ value: oneOf(random, strange), what: 'another value' }),
  () => ({ value: undefined, what: 'left out' }),
  (part) =>
    typeof part === 'number' || typeof part === 'boolean'
      ? { value: String(part), what: 'written as text' }
      : undefined,
  (part) => ({ value: [part], what: 'put into a list' }),
  (part) => ({ value: { value: part }, what: 'put into an object' }),
  (part, random) =>
    typeof part === 'number'
      ? { value: oneOf(random, [part + 1, part - 1, -part, part * 1000, part + 0.5]), what: 'another number' }
      : undefined,
  (part, random) =>
    typeof part === 'string' ? { value: spoil(part, random), what: 'a spoilt text' } : undefined,
  (part) =>
    isList(part) && part.length > 0 ? { value: [...part, ...part], what: 'twice as long' } : undefined,
  (part) => (isList(part) ? { value: [], what: 'emptied' } : undefined),
  (part) =>
    isObject(part) ? { value: { ...part, unexpected: 'member' }, what: 'with another member' } : undefined,
]

const spoil = (text: string, random: Random): string => {
  const at = between(random, 0, text.length)
  const pieces = ['', ' ', '\u0000', '🚀', "'", '"', '%00', '\n', 'a'.repeat(300), '\u202e', '\ufeff']
  return text.slice(0, at) + (oneOf(random, pieces) ?? '') + text.slice(at + between(random, 0, 1))
}
