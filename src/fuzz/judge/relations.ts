import { isList, isObject, type Json } from '../../openapi/json.ts'
import { alternatives } from '../../openapi/schema/alternatives.ts'
import type { View } from '../../openapi/schema/view.ts'
import { memberNames } from '../api/model-operation.ts'
import { plainName } from '../api/nouns.ts'
import type { Operation } from '../api/operation.ts'
import type { Subject } from '../call.ts'
import { formatOf } from '../draw/text.ts'
import type { Exchange } from '../exchange.ts'
import { jsonOf } from '../session.ts'

const relation =
  /\b(after|before|later|earlier|longer|shorter|between|within|range|future|past|together|combination|conflict|exclusive|either|only (if|when|with)|unless|requires|depends|same|differ\w*|than (the |its )?[a-z_]+)\b/i
const aboutForm = /format|pars|malformed|not a (valid )?(date|time)|invalid (date|time)|match/i

/** The texts of an answer, and the names that its members such as `field` give. */
const textsOf = (value: Json | undefined, depth = 0): readonly string[] => {
  if (typeof value === 'string') return [value]
  if (depth > 5) return []
  if (isList(value)) return value.slice(0, 20).flatMap((each) => textsOf(each, depth + 1))
  return isObject(value) ? Object.values(value).flatMap((each) => textsOf(each, depth + 1)) : []
}

/** What can be named in a refusal: parameters and members of the body. */
const namesOf = (operation: Operation): ReadonlySet<string> =>
  new Set([
    ...operation.parameters.map(({ name }) => name),
    ...(operation.body?.media ?? []).flatMap(({ view }) => [...memberNames(view)]),
  ])

/**
 * Whether a refusal speaks of more than the value that it is to be held against: of another value by name, of how two
 * of them relate, or of a day that is valid and not welcome.
 */
export const isAboutOthers = (
  operation: Operation,
  subject: Subject | undefined,
  exchange: Exchange,
): boolean => {
  if (!subject) return false
  const texts = textsOf(jsonOf(exchange))
  const own = subject.pointer === '' ? subject.name : (subject.pointer.split('/')[1] ?? subject.name)
  const words = new Set(texts.flatMap((text) => text.split(/[^\w-]+/)).map(plainName))
  const others = [...namesOf(operation)].filter(
    (name) => plainName(name) !== plainName(own) && name.length > 1 && words.has(plainName(name)),
  )
  const text = texts.join(' ')
  if (others.length > 0 && (relation.test(text) || !words.has(plainName(own)))) return true
  return isTime(operation, subject) && !aboutForm.test(text)
}

/** Days and moments are often bound by what no schema says. */
const isTime = (operation: Operation, { in: place, name, pointer }: Subject): boolean => {
  const member = pointer.split('/')[1] ?? ''
  const views =
    place === 'body'
      ? (operation.body?.media ?? []).flatMap(({ view }) => membersOf(view, member))
      : operation.parameters.filter((each) => each.in === place && each.name === name).map(({ view }) => view)
  return views.some((view) =>
    alternatives(view).some(
      (one) => one.type === 'string' && /^(date|date-time|time)$/.test(formatOf(one) ?? ''),
    ),
  )
}

const membersOf = (view: View, name: string): readonly View[] =>
  alternatives(view).flatMap((one) => (one.type === 'object' ? (one.properties.get(name) ?? []) : []))
