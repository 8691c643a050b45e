import { isObject, type Json } from '../../openapi/json.ts'
import { alternatives } from '../../openapi/schema/alternatives.ts'
import { isJsonType, type MediaType, type Operation, type Parameter } from '../api/operation.ts'
import { guardTokens, isValidBody, writableMedia } from '../base-call.ts'
import type { Call, Expectation, Intent, Phase, Subject } from '../call.ts'
import { placeOf } from '../coverage-log.ts'
import { drawsOf } from '../draw/draws.ts'
import { pairsOf } from '../draw/related-names.ts'
import { pairwise } from '../draw/pairwise.ts'
import type { Random } from '../draw/random.ts'
import { typical } from '../draw/typical.ts'
import type { Session } from '../session.ts'
import { withValue } from '../perform.ts'
import { acceptsParameter, travels } from '../wire/readings.ts'
import { isForm } from '../wire/serialise.ts'
import { isXmlType } from '../wire/xml.ts'

/** One request to be made: a change of a call that is known to be taken. */
export interface Case {
  readonly intent: Intent
  readonly call: Call
}

/** Cases of one operation are at most so many. */
const casesMax = 2500
const rowsMax = 60

const intentOf = (phase: Phase, expect: Expectation, what: string, subject?: Subject): Intent => ({
  phase,
  expect,
  what,
  ...(subject && { subject }),
})

/** Every keyword of parameters and body on both sides, every parameter left out and sent, and pairs of values. */
export const coverageCases = (session: Session, operation: Operation, base: Call): readonly Case[] => {
  const { random } = session
  const parameters = operation.parameters.flatMap((parameter) =>
    parameterCases(session, operation, parameter, base, random),
  )
  const bodies = writableMedia(operation)
    .slice(0, 3)
    .flatMap((media, at) => bodyCases(session, operation, media, base, random, at === 0))
  const all = [...parameters, ...bodies]
  session.coverage.noteValid(operation, base)
  return [...ranked(all), ...pairCases(operation, base, all)].slice(0, casesMax)
}

/** What the document itself gives as examples, for parameters and bodies. */
export const exampleCases = (session: Session, operation: Operation, base: Call): readonly Case[] => {
  const found: Case[] = []
  for (const parameter of operation.parameters)
    for (const example of parameter.examples.slice(0, 10)) {
      if (!acceptsParameter(parameter, example) || !travels(parameter.in, example) || parameter.in === 'path')
        continue
      found.push({
        intent: intentOf('examples', 'valid', 'an example of the document', {
          in: parameter.in,
          name: parameter.name,
          pointer: '',
          keyword: 'example',
        }),
        call: withValue(base, { in: parameter.in, name: parameter.name, pointer: '' }, example),
      })
    }
  for (const media of writableMedia(operation))
    for (const example of media.examples.slice(0, 20))
      if (isValidBody(media, example))
        found.push({
          intent: intentOf('examples', 'valid', 'an example of the document'),
          call: {
            ...base,
            body: {
              mediaType: media.type,
              value: guardTokens(operation, example, session.settings.tokensMax),
            },
          },
        })
  return found
}

/** First one case of each side of each keyword, then the second of each, and so on: a run that is cut short has seen all. */
const ranked = (all: readonly Case[]): readonly Case[] => {
  const counts = new Map<string, number>()
  const order = all.map((each) => {
    const { subject, expect } = each.intent
    const name = subject ? `${expect} ${placeOf(subject)}` : each.intent.what
    const rank = counts.get(name) ?? 0
    counts.set(name, rank + 1)
    return [rank + (expect === 'unknown' ? 1 : 0), each] as const
  })
  return order.toSorted(([left], [right]) => left - right).map(([, each]) => each)
}

const parameterCases = (
  session: Session,
  operation: Operation,
  parameter: Parameter,
  base: Call,
  random: Random,
): readonly Case[] => {
  const { in: place, name, view, required } = parameter
  const isValid = (value: Json): boolean => acceptsParameter(parameter, value)
  const value = base[place][name] ?? typical(view, { random, optional: 'all', name })
  const takesObjects = alternatives(view).some(({ type }) => type === 'object')
  const found: Case[] = []
  const add = (
    expect: Expectation,
    keyword: string,
    what: string,
    next: Json | undefined,
    pointer = '',
  ): void => {
    const subject: Subject = { in: place, name, pointer, keyword }
    if (expect !== 'unknown') session.coverage.expect(operation, subject, expect === 'invalid')
    found.push({
      intent: intentOf('coverage', expect, what, subject),
      call: withValue(base, { in: place, name, pointer: '' }, next),
    })
  }
  if (required && place !== 'path') add('invalid', 'required', `without ${name}`, undefined)
  if (place === 'path')
    add('unknown', 'id', 'something that is not there', typical(view, { random, optional: 'all', name }))
  if (value === undefined || value === null) return found
  if (!required) add('valid', 'properties', `with ${name}`, value)
  for (const draw of drawsOf(view, value, { random, isValid, name })) {
    if (draw.value === undefined || !travels(place, draw.value)) continue
    // Written out, the members of an object would be parameters of other names.
    if (isObject(draw.value) && !takesObjects && !parameter.isJson) continue
    // Who gets an empty value may take it as none at all.
    if (draw.expect === 'invalid' && draw.value === '' && !required) continue
    add(draw.expect, draw.keyword, draw.what, draw.value, draw.pointer)
  }
  return found
}

const bodyCases = (
  session: Session,
  operation: Operation,
  media: MediaType,
  base: Call,
  random: Random,
  isFirst: boolean,
): readonly Case[] => {
  const { type, view } = media
  // Few programs look at the body of these, and none has to.
  if (/^(GET|HEAD|DELETE)$/.test(operation.method)) return []
  const isOwn = base.body?.mediaType === type
  const value = isOwn ? base.body?.value : typical(view, { random, optional: 'all', name: '' })
  if (value === undefined) return []
  const found: Case[] = []
  const add = (expect: Expectation, keyword: string, what: string, next: Json, pointer: string): void => {
    const subject: Subject = { in: 'body', name: '', pointer, keyword }
    if (expect !== 'unknown') session.coverage.expect(operation, subject, expect === 'invalid')
    found.push({
      intent: intentOf('coverage', expect, what, subject),
      call: {
        ...base,
        body: { mediaType: type, value: guardTokens(operation, next, session.settings.tokensMax) },
      },
    })
  }
  if (!isOwn)
    found.push({
      intent: intentOf('coverage', 'valid', `a body of ${type}`),
      call: { ...base, body: { mediaType: type, value } },
    })
  if (isOpaque(type)) return found
  // A second type of the same data is looked at less closely.
  const draws = drawsOf(view, value, { random, isValid: (each) => isValidBody(media, each), name: '' })
  for (const draw of isFirst ? draws : draws.filter(({ expect }) => expect === 'invalid').slice(0, 40)) {
    if (
      draw.value === undefined ||
      (draw.expect !== 'unknown' &&
        guardTokens(operation, draw.value, session.settings.tokensMax) !== draw.value &&
        isCostly(operation, draw.value, session))
    )
      continue
    add(draw.expect, draw.keyword, draw.what, draw.value, draw.pointer)
  }
  return found
}

/** Whether what is valid of a body cannot be told from outside: it is sent as it should be, and nothing else. */
export const isOpaque = (type: string): boolean =>
  !isJsonType(type) && !isForm(type) && (!type.startsWith('text/') || isXmlType(type))

/** A value that the guard against cost would change: then it is no longer the case that it was. */
const isCostly = (operation: Operation, value: Json, session: Session): boolean =>
  JSON.stringify(guardTokens(operation, value, session.settings.tokensMax)) !== JSON.stringify(value)

/** Valid values of all parameters and top-level members, two by two. */
const pairCases = (operation: Operation, base: Call, all: readonly Case[]): readonly Case[] => {
  const columns = new Map<string, Case[]>()
  for (const each of all) {
    const { subject, expect } = each.intent
    if (
      !subject ||
      expect !== 'valid' ||
      subject.in === 'path' ||
      subject.pointer.split('/').length > 2 ||
      subject.keyword === 'unicode'
    )
      continue
    const name = `${subject.in} ${subject.name}${subject.in === 'body' ? subject.pointer : ''}`
    const column = columns.get(name) ?? []
    if (column.length < 5 && !(subject.in === 'body' && subject.pointer === '')) column.push(each)
    columns.set(name, column)
  }
  const filled = [...columns.values()].filter((column) => column.length > 0)
  if (filled.length < 2) return relatedCases(operation, base)
  const rows = pairwise(
    filled.slice(0, 14).map((column) => column.length),
    rowsMax,
  )
  const made = rows.map((row): Case => {
    let call = base
    for (const [at, choice] of row.entries()) {
      const each = filled[at]?.[choice]
      const subject = each?.intent.subject
      if (!each || !subject) continue
      if (subject.in === 'body') {
        const part = topMember(each.call, subject.pointer)
        call = withValue(call, { in: 'body', name: '', pointer: subject.pointer }, part)
      } else
        call = withValue(
          call,
          { in: subject.in, name: subject.name, pointer: '' },
          each.call[subject.in][subject.name],
        )
    }
    return { intent: intentOf('coverage', 'unknown', 'a combination of valid values'), call }
  })
  return [...relatedCases(operation, base), ...made]
}

const topMember = (call: Call, pointer: string): Json | undefined => {
  const value = call.body?.value
  const name = pointer.slice(1).replaceAll('~1', '/').replaceAll('~0', '~')
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, Json>)[name]
    : undefined
}

/** Query parameters that belong together: the same, exchanged, one without the other. */
const relatedCases = (operation: Operation, base: Call): readonly Case[] => {
  const query = operation.parameters.filter((each) => each.in === 'query')
  return pairsOf(query.map(({ name }) => name)).flatMap(([left, right]) => {
    const values = (view: Parameter['view']): Json | undefined =>
      typical(view, { random: () => 0.3, optional: 'all', name: left })
    const viewOf = (name: string) => query.find((each) => each.name === name)?.view
    const [a, b] = [viewOf(left), viewOf(right)]
    const low = a && (base.query[left] ?? values(a))
    const high = b && (base.query[right] ?? typical(b, { random: () => 0.8, optional: 'all', name: right }))
    if (low === undefined || high === undefined) return []
    const of = (what: string, query: Record<string, Json>): Case => ({
      intent: intentOf('coverage', 'unknown', what, {
        in: 'query',
        name: left,
        pointer: '',
        keyword: 'pair',
      }),
      call: { ...base, query: { ...base.query, ...query } },
    })
    return [
      of(`${left} and ${right}`, { [left]: low, [right]: high }),
      of(`${left} and ${right} exchanged`, { [left]: high, [right]: low }),
      of(`${left} and ${right} equal`, { [left]: low, [right]: low }),
    ]
  })
}
