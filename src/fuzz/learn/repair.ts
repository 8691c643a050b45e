import { isList, isObject, type Json, memberOf } from '../../openapi/json.ts'
import { below, valueAt } from '../../openapi/pointer.ts'
import { alternatives } from '../../openapi/schema/alternatives.ts'
import { memberView } from '../../openapi/schema/structure.ts'
import type { View } from '../../openapi/schema/view.ts'
import { memberNames } from '../api/model-operation.ts'
import type { Operation } from '../api/operation.ts'
import { isValidBody } from '../base-call.ts'
import type { Call } from '../call.ts'
import type { Random } from '../draw/random.ts'
import { shifted, textOfFormat, textsOfPattern } from '../draw/text.ts'
import { typical } from '../draw/typical.ts'
import { withValue } from '../perform.ts'
import { acceptsParameter, travels } from '../wire/readings.ts'
import { type Complaint, complaintsIn } from './complaints.ts'

/** A valid call with what a refusal asks for; undefined where it asks for nothing that is understood, or for what the document forbids. */
export const repaired = (
  operation: Operation,
  call: Call,
  refusal: { readonly answer: Json | undefined; readonly body: string },
  random: Random,
): Call | undefined => {
  let next = call
  for (const complaint of complaintsIn(refusal.answer, refusal.body, namesOf(operation)))
    next = repairOne(operation, next, complaint, random) ?? next
  return next !== call && JSON.stringify(next) !== JSON.stringify(call) ? next : undefined
}

const namesOf = (operation: Operation): ReadonlySet<string> =>
  new Set([
    ...operation.parameters.map(({ name }) => name),
    ...(operation.body?.media ?? []).flatMap(({ view }) => deepNames(view, 0)),
  ])

const deepNames = (view: View, depth: number): readonly string[] =>
  depth > 2
    ? []
    : alternatives(view).flatMap((one) =>
        one.type === 'object'
          ? [
              ...memberNames(one.view),
              ...[...one.properties.values()].flatMap((each) => deepNames(each, depth + 1)),
            ]
          : one.type === 'array'
            ? deepNames(one.items, depth + 1)
            : [],
      )

const repairOne = (
  operation: Operation,
  call: Call,
  { field, text }: Complaint,
  random: Random,
): Call | undefined => {
  const [name = ''] = field
  const parameter = operation.parameters.find((each) => each.name === name && each.in !== 'path')
  if (parameter) {
    const into = { in: parameter.in, name, pointer: '' }
    const others = (other: string): Json | undefined => call[parameter.in][other]
    const wish = wishOf(text, parameter.view, call[parameter.in][name], name, others, random)
    if (!wish) return undefined
    if (wish.value === undefined) return parameter.required ? undefined : withValue(call, into, undefined)
    const fits = acceptsParameter(parameter, wish.value) && travels(parameter.in, wish.value)
    return fits ? withValue(call, into, wish.value) : undefined
  }
  const media = operation.body?.media.find(({ type }) => type === call.body?.mediaType)
  const whole = call.body?.value
  if (!media || whole === undefined) return undefined
  const place = placeOf(media.view, whole, field)
  if (!place) return undefined
  const { pointer, view, holder } = place
  const others = (other: string): Json | undefined => memberOf(holder, other)
  const wish = wishOf(text, view, valueAt(whole, pointer), field.at(-1) ?? '', others, random)
  if (!wish) return undefined
  const next = withValue(call, { in: 'body', name: '', pointer }, wish.value)
  return next.body?.value !== undefined && isValidBody(media, next.body.value) ? next : undefined
}

/** Where in a body the parts of a name lead, there or not; a name alone may be of a member further inside. */
const placeOf = (
  view: View,
  value: Json,
  parts: readonly string[],
  pointer = '',
): { readonly pointer: string; readonly view: View; readonly holder: Json } | undefined => {
  const [name, ...rest] = parts
  if (name === undefined) return undefined
  for (const one of alternatives(view)) {
    if (one.type === 'array' && isList(value)) {
      const at = /^\d+$/.test(name) ? Number(name) : 0
      const inner = /^\d+$/.test(name) ? rest : parts
      const found = placeOf(one.items, value[at] ?? null, inner, below(pointer, at))
      if (found) return found
    }
    if (one.type !== 'object' || !isObject(value)) continue
    if (one.properties.has(name)) {
      const own = memberView(one, name)
      if (rest.length === 0) return { pointer: below(pointer, name), view: own, holder: value }
      const found = placeOf(own, value[name] ?? null, rest, below(pointer, name))
      if (found) return found
    }
    for (const [member, own] of one.properties) {
      const inner = value[member]
      const found = inner === undefined ? undefined : placeOf(own, inner, parts, below(pointer, member))
      if (found) return found
    }
  }
  return undefined
}

interface Wish {
  /** Undefined to leave it out. */
  readonly value: Json | undefined
}

/** What a complaint wants of a value; undefined where it is not understood. */
const wishOf = (
  text: string,
  view: View,
  value: Json | undefined,
  name: string,
  others: (name: string) => Json | undefined,
  random: Random,
): Wish | undefined => {
  const said = text.toLowerCase()
  const usual = (): Wish => ({ value: typical(view, { random, optional: 'all', name }) })
  if (value === undefined)
    return /requir|missing|must (be (given|present|set)|have)|blank|empty|null/.test(said)
      ? usual()
      : undefined
  if (
    /unknown|unexpected|unrecogni[sz]ed|not (allowed|permitted|supported)|additional|must (not be|be absent)|cannot be (set|given)/.test(
      said,
    ) &&
    !/value|than/.test(said)
  )
    return { value: undefined }
  return relationWish(text, value, others) ?? boundWish(said, value) ?? formWish(text, random, name)
}

/** `must be after check_in`, `must not be less than min`, `cannot be longer than 60 nights`. */
const relationWish = (
  text: string,
  value: Json,
  others: (name: string) => Json | undefined,
): Wish | undefined => {
  const names = text.split(/[^\w-]+/)
  const other = names
    .map(others)
    .find((each) => each !== undefined && typeof each === typeof value && each !== value)
  if (other === undefined) return undefined
  const isNegated = /\b(not|never|cannot)\b/i.test(text)
  const isAbove = /after|later|greater|larger|more|exceed|above|longer|higher/i.test(text)
  const isBelow = /before|earlier|less|smaller|below|shorter|lower|within/i.test(text)
  if (!isAbove && !isBelow) return undefined
  const step = isAbove === isNegated ? -1 : 1
  if (typeof other === 'number') return { value: other + (isNegated ? 0 : step) }
  const moved =
    typeof other === 'string' ? shifted(other, /within/i.test(text) ? 1 : isNegated ? 0 : step) : undefined
  return moved === undefined ? undefined : { value: moved }
}

/** `at least 3`, `must be <= 40`, `at most 60 characters`. */
const boundWish = (said: string, value: Json): Wish | undefined => {
  const [, least] =
    /(?:at least|minimum(?: of| is)?|>=|greater than or equal to|no less than|fewer than|shorter than|not (?:be )?less than)\s*(-?\d+(?:\.\d+)?)/.exec(
      said,
    ) ?? []
  const [, most] =
    /(?:at most|maximum(?: of| is)?|<=|less than or equal to|no more than|up to|more than|longer than|exceed)\s*(-?\d+(?:\.\d+)?)/.exec(
      said,
    ) ?? []
  const [, between, and] = /between\s+(-?\d+(?:\.\d+)?)\s+and\s+(-?\d+(?:\.\d+)?)/.exec(said) ?? []
  const [, above] = /(?:greater than|>|above)\s*(-?\d+(?:\.\d+)?)/.exec(said) ?? []
  const [, under] = /(?:less than|<|below)\s*(-?\d+(?:\.\d+)?)/.exec(said) ?? []
  const low = least ?? between ?? (above === undefined ? undefined : String(Number(above) + 1))
  const high = most ?? and ?? (under === undefined ? undefined : String(Number(under) - 1))
  if (typeof value === 'number') {
    if (low !== undefined && value < Number(low)) return { value: Number(low) }
    return high !== undefined && value > Number(high) ? { value: Number(high) } : undefined
  }
  if (typeof value === 'string') {
    if (low !== undefined && value.length < Number(low)) return { value: value.padEnd(Number(low), 'a') }
    return high !== undefined && value.length > Number(high)
      ? { value: value.slice(0, Number(high)) }
      : undefined
  }
  if (!isList(value)) return undefined
  if (low !== undefined && value.length < Number(low) && value.length > 0)
    return {
      value: Array.from({ length: Math.min(Number(low), 100) }, (_, at) => value[at % value.length] ?? null),
    }
  return high !== undefined && value.length > Number(high)
    ? { value: value.slice(0, Number(high)) }
    : undefined
}

const formats: readonly (readonly [RegExp, string])[] = [
  [/e-?mail/i, 'email'],
  [/\buuid|guid\b/i, 'uuid'],
  [/date-?time|timestamp|iso[- ]?8601/i, 'date-time'],
  [/\bdate\b/i, 'date'],
  [/\b(uri|url|link)\b/i, 'uri'],
  [/\bipv?4?\b.*address/i, 'ipv4'],
  [/host ?name|domain/i, 'hostname'],
]

/** `must be one of: a, b`, `must match "^[A-Z]+$"`, `is not a valid email`. */
const formWish = (text: string, random: Random, name: string): Wish | undefined => {
  const [, listed] =
    /(?:one of|must be (?:either|in)|expected|allowed values?(?: are)?|choices? (?:are|is))[:\s]*[[({]?\s*(.+)/i.exec(
      text,
    ) ?? []
  const [choice] = (listed ?? '')
    .split(/\s*(?:,|\||\bor\b)\s*/)
    .map((each) => each.replaceAll(/^['"`\s]+|['"`\s.)\]}]+$/g, ''))
  if (choice !== undefined && choice !== '' && choice.length < 60 && !/\s/.test(choice))
    return { value: choice }
  const [, pattern] = /(?:match|pattern|format|regex)\w*[^"'/^]*["'/]?(\^[^"'\s]+\$)/i.exec(text) ?? []
  const fitting = pattern === undefined ? undefined : textsOfPattern(pattern)[0]
  if (fitting !== undefined) return { value: fitting }
  const format = /valid|format|must be|invalid/i.test(text)
    ? formats.find(([word]) => word.test(text))?.[1]
    : undefined
  const made = format === undefined ? undefined : textOfFormat(format, random, name)
  return made === undefined ? undefined : { value: made }
}
