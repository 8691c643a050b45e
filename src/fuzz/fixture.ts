import { isList, isObject, type Json } from '../openapi/json.ts'
import { below, valueAt } from '../openapi/pointer.ts'
import { findId } from './api/find-id.ts'
import { nounOfReference, plainName } from './api/nouns.ts'
import type { Operation } from './api/operation.ts'
import { linkExpression, type Need, needOf, producersOf } from './api/producers.ts'
import { freshCall, makeCall, type Recipe } from './base-call.ts'
import type { Binding, Call, Identity } from './call.ts'
import { isSuccess, jsonOf, type Session } from './session.ts'
import { lastSegment, perform, withValue } from './perform.ts'
import type { Made, Story } from './story.ts'

/** A call whose references are of things that exist, as far as they could be made. */
export interface Provided {
  readonly call: Call
  readonly bindings: readonly Binding[]
  /** Path parameters that name nothing that is known to exist. */
  readonly missing: readonly string[]
}

const depthMax = 5
const stepsMax = 14
const producersMax = 4

/** Makes what a call of the operation refers to, in the story, and puts it into the call. */
export const provide = async (
  session: Session,
  story: Story,
  operation: Operation,
  call: Call,
  depth = 0,
): Promise<Provided> => {
  let next = call
  const bindings: Binding[] = []
  const missing: string[] = []
  const use = (into: Binding['into'], made: Made): void => {
    next = withValue(next, into, made.value)
    bindings.push({ into, from: made.from })
  }
  for (const { in: place, name } of operation.parameters) {
    const need = place === 'path' ? needOf(operation, name) : referenceNeed(name)
    if (!need || (place !== 'path' && next[place][name] === undefined)) continue
    const made = await obtain(session, story, operation, need, call.identity, depth)
    if (made) use({ in: place, name, pointer: '' }, made)
    else if (place === 'path') missing.push(name)
  }
  if (next.body?.value !== undefined)
    for (const { pointer, need } of referencesIn(operation, next.body.value, '', 0)) {
      const made = await obtain(session, story, operation, need, call.identity, depth)
      if (made && sameType(made.value, valueAt(next.body.value, pointer)))
        use({ in: 'body', name: '', pointer }, made)
    }
  return { call: next, bindings, missing }
}

const sameType = (made: Json, written: Json | undefined): boolean => typeof made === typeof written

const referenceNeed = (name: string): Need | undefined => {
  const noun = nounOfReference(name)
  return noun === undefined ? undefined : { name, noun }
}

interface Reference {
  readonly pointer: string
  readonly need: Need
}

const referencesIn = (
  operation: Operation,
  value: Json,
  pointer: string,
  depth: number,
): readonly Reference[] => {
  if (depth > 3) return []
  if (isList(value))
    return value
      .slice(0, 3)
      .flatMap((item, at) => referencesIn(operation, item, below(pointer, at), depth + 1))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, member]): readonly Reference[] => {
    const place = below(pointer, name)
    if (operation.isModel && depth === 0 && name === 'model' && typeof member === 'string')
      return [{ pointer: place, need: { name: 'model', noun: 'model' } }]
    const need = referenceNeed(name)
    if (need && (typeof member === 'string' || typeof member === 'number')) return [{ pointer: place, need }]
    if (need && isList(member))
      return member.slice(0, 100).map((_, at) => ({ pointer: below(place, at), need }))
    return referencesIn(operation, member, place, depth + 1)
  })
}

/** The same place whatever its parameters are called; a reference is known by its noun. */
const nameOf = ({ prefix, noun }: Need): string => prefix?.replaceAll(/\{[^{}]*\}/g, '{}') ?? `noun ${noun}`

const obtain = async (
  session: Session,
  story: Story,
  consumer: Operation,
  need: Need,
  identity: Identity,
  depth: number,
): Promise<Made | undefined> => {
  const known =
    story.made.get(nameOf(need)) ??
    (need.prefix === undefined ? undefined : story.made.get(`own ${nameOf(need)}`))
  if (known) return known
  if (depth > depthMax) return undefined
  const memory = session.memory(consumer)
  const slot = `${need.name} ${need.prefix ?? ''}`
  const producers = producersOf(session.api, consumer, need).filter(({ operation }) =>
    session.operations.includes(operation),
  )
  const learned = memory.producers.get(slot)
  // After some tries in vain it is not tried again at every case.
  const hasNews = producers.some(({ operation }) => session.memory(operation).base !== undefined)
  if (learned !== undefined && learned <= (hasNews ? -12 : -3)) return undefined
  const order = [...producers.keys()].toSorted(
    (left, right) => Number(right === learned) - Number(left === learned),
  )
  for (const at of order.slice(0, producersMax)) {
    const producer = producers[at]?.operation
    if (!producer || story.steps.length >= stepsMax || session.signal.aborted) break
    const made = await produce(session, story, producer, consumer, need, identity, depth)
    if (!made) continue
    memory.producers.set(slot, at)
    story.made.set(nameOf(need), made)
    if (need.prefix !== undefined) story.made.set(`noun ${need.noun}`, made)
    return made
  }
  memory.producers.set(slot, Math.min(0, learned ?? 0) - 1)
  return undefined
}

/** Ways to fill the body of a producer that has not answered 2xx yet. */
const producerRecipes: readonly Recipe[] = ['none', 'all', 'example', 'some']

const produce = async (
  session: Session,
  story: Story,
  producer: Operation,
  consumer: Operation,
  need: Need,
  identity: Identity,
  depth: number,
): Promise<Made | undefined> => {
  const memory = session.memory(producer)
  const { random, settings } = session
  const ways: readonly (Recipe | 'base')[] = memory.base
    ? ['base', 'none']
    : producer.method === 'GET'
      ? ['none']
      : producerRecipes
  for (const way of ways) {
    const made =
      way === 'base' && memory.base
        ? freshCall(producer, { ...memory.base, identity }, random, [])
        : makeCall(producer, {
            random,
            recipe: way === 'base' ? 'none' : way,
            tokensMax: settings.tokensMax,
            identity,
          })
    const provided = await provideOwn(session, story, producer, made, depth)
    if (provided.missing.length > 0 && producer.method !== 'PUT') return undefined
    const mark = story.steps.length
    const exchange = await perform(session, story, {
      call: provided.call,
      bindings: provided.bindings,
      role: 'setup',
      intent: { phase: session.phase, expect: 'valid', what: `makes ${need.noun} for ${consumer.key}` },
    })
    if (!isSuccess(exchange)) {
      // A step that made nothing has no place in the story.
      story.steps.length = mark
      story.exchanges.length = mark
      continue
    }
    memory.base ??= provided.call
    return valueFrom(story, producer, consumer, need)
  }
  return undefined
}

/** What a PUT makes has the id that was chosen for it. */
const provideOwn = (
  session: Session,
  story: Story,
  producer: Operation,
  call: Call,
  depth: number,
): Promise<Provided> => {
  if (producer.method !== 'PUT') return provide(session, story, producer, call, depth + 1)
  const last = producer.parameters.findLast(
    (each) => each.in === 'path' && producer.path.endsWith(`{${each.name}}`),
  )
  const others = { ...producer, parameters: producer.parameters.filter((each) => each !== last) }
  return provide(session, story, others, call, depth + 1)
}

const valueFrom = (story: Story, producer: Operation, consumer: Operation, need: Need): Made | undefined => {
  const step = story.steps.length - 1
  const exchange = story.exchanges[step]
  const call = story.steps[step]?.call
  if (producer.method === 'PUT' && call) {
    const name = /\{([^{}]+)\}\/?$/.exec(producer.path)?.[1] ?? ''
    const value = call.path[name]
    return value === undefined ? undefined : { from: { step, in: 'request', pointer: `/${name}` }, value }
  }
  const answer = jsonOf(exchange)
  const linked = /^\$response\.body#(.*)$/.exec(linkExpression(producer, consumer, need.name) ?? '')?.[1]
  const pointer = linked ?? findId(answer, need)
  if (pointer !== undefined && answer !== undefined) {
    const value = valueAt(answer, pointer)
    if (typeof value === 'string' || typeof value === 'number')
      return { from: { step, in: 'answer', pointer }, value }
  }
  const location = lastSegment(exchange?.response?.headers['location'])
  if (location !== undefined) return { from: { step, in: 'location', pointer: '' }, value: location }
  const own = call?.body?.value
  const chosen = own === undefined || producer.method === 'GET' ? undefined : findOwnName(own, need)
  return chosen && own !== undefined
    ? { from: { step, in: 'request', pointer: chosen }, value: valueAt(own, chosen) ?? null }
    : undefined
}

/** The client may have chosen the name itself. */
const findOwnName = (body: Json, need: Need): string | undefined => {
  if (!isObject(body)) return undefined
  const wanted = [plainName(need.name), 'id', 'name', 'slug', 'key', 'code', 'model']
  for (const each of wanted) {
    const name = Object.keys(body).find((own) => plainName(own) === each)
    if (name !== undefined && (typeof body[name] === 'string' || typeof body[name] === 'number'))
      return below('', name)
  }
  return undefined
}

/** The call with what the story has made in all places that refer to it, but for the place that the call is about. */
export const rebind = (
  story: Story,
  operation: Operation,
  call: Call,
  subject: { readonly in: string; readonly name: string; readonly pointer: string } | undefined,
): Pick<Provided, 'call' | 'bindings'> => {
  let next = call
  const bindings: Binding[] = []
  const use = (into: Binding['into'], need: Need): void => {
    const made = story.made.get(nameOf(need))
    const isSubject =
      subject?.in === into.in &&
      subject.name === into.name &&
      (subject.pointer === into.pointer || subject.pointer.startsWith(`${into.pointer}/`))
    if (!made || isSubject) return
    next = withValue(next, into, made.value)
    bindings.push({ into, from: made.from })
  }
  for (const { in: place, name } of operation.parameters) {
    const need = place === 'path' ? needOf(operation, name) : referenceNeed(name)
    if (need && (place === 'path' || next[place][name] !== undefined))
      use({ in: place, name, pointer: '' }, need)
  }
  const value = next.body?.raw === undefined ? next.body?.value : undefined
  if (value !== undefined)
    for (const { pointer, need } of referencesIn(operation, value, '', 0)) {
      const made = story.made.get(nameOf(need))
      if (made && sameType(made.value, valueAt(value, pointer))) use({ in: 'body', name: '', pointer }, need)
    }
  return { call: next, bindings }
}
