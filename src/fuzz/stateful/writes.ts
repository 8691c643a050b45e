import { isList, isObject, type Json, type JsonObject, memberOf, sameJson } from '../../openapi/json.ts'
import { alternatives } from '../../openapi/schema/alternatives.ts'
import { annotation, type View } from '../../openapi/schema/view.ts'
import type { Operation } from '../api/operation.ts'
import { freshCall, isValidBody, makeCall, writableMedia } from '../base-call.ts'
import type { Call, Scenario, Step } from '../call.ts'
import { drawsOf } from '../draw/draws.ts'
import { typical } from '../draw/typical.ts'
import type { Exchange } from '../exchange.ts'
import { rebind } from '../fixture.ts'
import type { Suspicion } from '../judge/suspicion.ts'
import { isSuccess, jsonOf, type Session, statusOf } from '../session.ts'
import { perform, type Story } from '../story.ts'
import { act, intentOf, type Resource, withThing, writableMembers } from './resource.ts'

const bodyOf = (step: Step | undefined): JsonObject => {
  const value = step?.call.body?.value
  return isObject(value) ? value : {}
}

/** The thing itself, out of what wraps it. */
const thingIn = (exchange: Exchange | undefined, members: Iterable<string>): JsonObject | undefined => {
  const answer = jsonOf(exchange)
  if (!isObject(answer)) return undefined
  const names = [...members]
  const fits = (value: Json): number =>
    isObject(value) ? names.filter((name) => Object.hasOwn(value, name)).length : -1
  const inner = Object.values(answer).find((value) => fits(value) > fits(answer))
  return isObject(inner) ? inner : answer
}

const write = (
  session: Session,
  story: Story,
  operation: Operation,
  role: string,
  what: string,
  make: () => Call,
  expect: 'valid' | 'unknown' = 'valid',
): Promise<Exchange> => {
  const { call, bindings } = rebind(story, operation, make(), undefined)
  return perform(session, story, { call, bindings, role, intent: intentOf(what, expect) })
}

const made = (session: Session, operation: Operation, recipe: 'none' | 'all'): Call =>
  makeCall(operation, {
    random: session.random,
    recipe,
    tokensMax: session.settings.tokensMax,
    identity: 'first',
  })

/** PUT with all members, then with the required ones only: the others must not stay. */
export const replace = async (session: Session, resource: Resource): Promise<Story | undefined> => {
  const { put, reader } = resource
  const story = put && (await withThing(session, resource))
  if (!put || !story) return undefined
  await write(session, story, put, 'put-all', 'puts all members', () => made(session, put, 'all'))
  await act(session, story, reader, 'read-all', { what: 'reads them' })
  await write(session, story, put, 'put-least', 'puts required members only', () =>
    made(session, put, 'none'),
  )
  await act(session, story, reader, 'read-least', { what: 'reads what is left' })
  return story
}

export const judgeReplace = (
  session: Session,
  { steps }: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const at = (role: string): number => steps.findIndex((step) => step.role === role)
  const [all, readAll, least, readLeast] = [at('put-all'), at('read-all'), at('put-least'), at('read-least')]
  if (![all, readAll, least, readLeast].every((each) => isSuccess(exchanges[each]))) return []
  const operation = session.api.byKey.get(steps[all]?.call.operation ?? '')
  if (!operation) return []
  const members = writableMembers(operation)
  const lasting = requiredInAnswer(session.api.byKey.get(steps[readAll]?.call.operation ?? ''))
  const [before, after] = [
    thingIn(exchanges[readAll], members.keys()),
    thingIn(exchanges[readLeast], members.keys()),
  ]
  const [sentAll, sentLeast] = [bodyOf(steps[all]), bodyOf(steps[least])]
  if (!before || !after) return []
  const found: Suspicion[] = []
  const say = (name: string, message: string): void =>
    void found.push({
      check: 'put_replaces',
      operation: operation.key,
      step: readLeast,
      message,
      traits: 'replaces',
      marks: [],
    })
  for (const [name, view] of members) {
    const [old, now] = [memberOf(before, name), memberOf(after, name)]
    if (found.length > 0 || old === undefined) continue
    if (Object.hasOwn(sentLeast, name)) {
      // Changed by rule, as by trimming, is not what was there before.
      if (!sameJson(sentLeast[name], sentAll[name]) && sameJson(now, old) && !sameJson(now, sentLeast[name]))
        say(name, `PUT set ${name}, and it still has its old value.`)
    } else if (
      Object.hasOwn(sentAll, name) &&
      !lasting.has(name) &&
      !/status|state/i.test(name) &&
      !isEmpty(old) &&
      sameJson(old, sentAll[name]) &&
      sameJson(now, old) &&
      !sameJson(now, annotation(view, 'default'))
    )
      say(name, `PUT left ${name} out, and it is still there.`)
  }
  return found
}

/** What every answer has cannot go. */
const requiredInAnswer = (reader: Operation | undefined): ReadonlySet<string> => {
  const found = new Set<string>()
  const gather = (view: View, depth: number): void => {
    for (const one of alternatives(view)) {
      if (one.type !== 'object') continue
      for (const name of one.required) found.add(name)
      if (depth < 1) for (const member of one.properties.values()) gather(member, depth + 1)
    }
  }
  for (const { view } of reader?.responses.get('200')?.content ?? []) if (view) gather(view, 0)
  return found
}

const isEmpty = (value: Json): boolean =>
  value === null || value === '' || value === false || value === 0 || (isList(value) && value.length === 0)

/** The same PUT twice: the second one changes nothing. */
export const repeat = async (session: Session, resource: Resource): Promise<Story | undefined> => {
  const { put, reader } = resource
  const story = put && (await withThing(session, resource))
  if (!put || !story) return undefined
  const call = made(session, put, 'all')
  await write(session, story, put, 'put-1', 'puts it', () => call)
  await act(session, story, reader, 'read-1', { what: 'reads it' })
  await write(session, story, put, 'put-2', 'puts the same again', () => call)
  await act(session, story, reader, 'read-2', { what: 'reads it again' })
  return story
}

export const judgeRepeat = (
  session: Session,
  { steps }: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const at = (role: string): number => steps.findIndex((step) => step.role === role)
  const [first, read1, second, read2] = [at('put-1'), at('read-1'), at('put-2'), at('read-2')]
  const operation = session.api.byKey.get(steps[first]?.call.operation ?? '')
  if (!operation || !isSuccess(exchanges[first]) || !isSuccess(exchanges[read1])) return []
  const of = (message: string, step: number): readonly Suspicion[] => [
    { check: 'put_idempotent', operation: operation.key, step, message, traits: 'repeat' },
  ]
  const status = statusOf(exchanges[second])
  if (status >= 400 && status < 500 && ![401, 403, 409, 412, 428, 429].includes(status))
    return of(`The same PUT is answered ${statusOf(exchanges[first])}, then ${status}.`, second)
  // What the first one made is there: the second one can only replace it.
  if (status === 201 && operation.responses.has('200'))
    return of('The same PUT creates once more: it is answered 201 again.', second)
  const members = writableMembers(operation)
  const [one, two] = [thingIn(exchanges[read1], members.keys()), thingIn(exchanges[read2], members.keys())]
  if (!isSuccess(exchanges[second]) || !one || !two) return []
  const sent = bodyOf(steps[first])
  const changed = [...members.keys()].find(
    (name) => Object.hasOwn(sent, name) && !sameJson(memberOf(one, name), memberOf(two, name)),
  )
  return changed === undefined ? [] : of(`The same PUT a second time changed ${changed}.`, read2)
}

/** PATCH of one member: this one changes, the others stay. */
export const patchOne = async (
  session: Session,
  resource: Resource,
  name: string,
): Promise<Story | undefined> => {
  const { patch, reader } = resource
  const view = patch && writableMembers(patch).get(name)
  const story = patch && view && (await withThing(session, resource))
  const media = patch && writableMedia(patch)[0]
  if (!patch || !story || !media) return undefined
  await act(session, story, reader, 'read-before', { what: 'reads it' })
  const value = typical(view, { random: session.random, optional: 'all', name })
  if (value === undefined || !isValidBody(media, { [name]: value })) return undefined
  await write(
    session,
    story,
    patch,
    'patch',
    `changes ${name}`,
    () => ({ ...made(session, patch, 'none'), body: { mediaType: media.type, value: { [name]: value } } }),
    'unknown',
  )
  await act(session, story, reader, 'read-after', { what: 'reads it again' })
  return story
}

export const judgePatch = (
  session: Session,
  { steps }: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const at = (role: string): number => steps.findIndex((step) => step.role === role)
  const [before, patched, after] = [at('read-before'), at('patch'), at('read-after')]
  const operation = session.api.byKey.get(steps[patched]?.call.operation ?? '')
  if (
    !operation ||
    ![before, patched, after].every((each) => isSuccess(exchanges[each])) ||
    statusOf(exchanges[patched]) === 202
  )
    return []
  const members = writableMembers(operation)
  const [old, now] = [thingIn(exchanges[before], members.keys()), thingIn(exchanges[after], members.keys())]
  const sent = bodyOf(steps[patched])
  if (!old || !now) return []
  const of = (message: string): readonly Suspicion[] => [
    { check: 'merge_patch', operation: operation.key, step: after, message, traits: 'patch' },
  ]
  for (const name of members.keys()) {
    const [was, is] = [memberOf(old, name), memberOf(now, name)]
    if (Object.hasOwn(sent, name)) {
      if (was !== undefined && sameJson(was, is) && !sameJson(was, sent[name]))
        return of(
          `PATCH set ${name} and was answered ${statusOf(exchanges[patched])}, and it still has its old value.`,
        )
    } else if (
      was !== undefined &&
      was !== null &&
      !sameJson(was, is) &&
      !/updated|modified|version|revision|etag|count|total|status|state/i.test(name)
    )
      return of(`PATCH of ${Object.keys(sent).join(', ')} changed ${name} too.`)
  }
  return []
}

export interface RefusedWrite {
  readonly call: Call
  readonly what: string
  /** Of the body, to what is wrong. */
  readonly pointer: string
}

/** A write that is refused, with other members changed beside what is wrong: none of it may be seen afterwards. */
export const failedWrites = (session: Session, operation: Operation): readonly RefusedWrite[] => {
  const base = made(session, operation, 'all')
  const media = writableMedia(operation)[0]
  if (!base.body || base.body.value === undefined || !media) return []
  const draws = drawsOf(media.view, base.body.value, {
    random: session.random,
    isValid: (value) => isValidBody(media, value),
    name: '',
  })
  const seen = new Set<string>()
  const stale: RefusedWrite = {
    call: { ...base, extraHeaders: [['if-match', '"mcpd-stale"']] },
    what: 'a stale If-Match',
    pointer: '/',
  }
  const refused = draws
    .filter(({ expect, pointer, value, keyword }) => {
      // A member that is missing or wrong leaves room for the others; a wrong whole does not.
      if (
        expect !== 'invalid' ||
        pointer === '' ||
        value === undefined ||
        seen.has(`${pointer.split('/')[1]} ${keyword}`)
      )
        return false
      seen.add(`${pointer.split('/')[1]} ${keyword}`)
      return true
    })
    .slice(0, 12)
    .map(({ value = null, what, pointer }) => ({
      call: { ...base, body: { mediaType: media.type, value } },
      what: `${what} in ${pointer}`,
      pointer,
    }))
  return operation.method === 'POST' ? refused : [stale, ...refused]
}

export const failedWrite = async (
  session: Session,
  resource: Resource,
  operation: Operation,
  { call, what }: RefusedWrite,
): Promise<Story | undefined> => {
  const story = await withThing(session, resource)
  if (!story) return undefined
  await act(session, story, resource.reader, 'read-before', { what: 'reads it' })
  await write(session, story, operation, 'write', `a write to be refused (${what})`, () => call, 'unknown')
  await act(session, story, resource.reader, 'read-after', { what: 'reads it again' })
  return story
}

export const judgeFailedWrite = (
  session: Session,
  { steps }: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const at = (role: string): number => steps.findIndex((step) => step.role === role)
  const [before, write, after] = [at('read-before'), at('write'), at('read-after')]
  const status = statusOf(exchanges[write])
  const operation = session.api.byKey.get(steps[write]?.call.operation ?? '')
  if (!operation || status < 400 || status > 499 || !isSuccess(exchanges[before])) return []
  const of = (message: string): readonly Suspicion[] => [
    { check: 'failed_modification', operation: operation.key, step: after, message, traits: 'failed write' },
  ]
  if (statusOf(exchanges[after]) === 404) return of(`A write that was answered ${status} deleted the thing.`)
  const members = writableMembers(operation)
  const [old, now] = [thingIn(exchanges[before], members.keys()), thingIn(exchanges[after], members.keys())]
  const sent = bodyOf(steps[write])
  if (!old || !now || !isSuccess(exchanges[after])) return []
  const changed = Object.keys(sent).find(
    (name) =>
      !sameJson(memberOf(old, name), memberOf(now, name)) && sameJson(memberOf(now, name), sent[name]),
  )
  return changed === undefined ? [] : of(`A write that was answered ${status} changed ${changed}.`)
}

/** A creation that is refused, with a mark in it that is looked for afterwards. */
export const failedCreate = async (
  session: Session,
  resource: Resource,
  { call, what, pointer }: RefusedWrite,
): Promise<Story | undefined> => {
  const { creator, lister } = resource
  if (!creator || !lister) return undefined
  const story = await withThing(session, resource)
  if (!story) return undefined
  const whole = withLargestPage(lister)
  await act(session, story, lister, 'list-before', { what: 'looks what is there', change: whole })
  const before = story.steps.length - 1
  const intent = {
    ...intentOf(`a creation to be refused (${what})`, 'unknown'),
    subject: { in: 'body' as const, name: '', pointer, keyword: 'refused' },
  }
  const bound = rebind(story, creator, freshCall(creator, call, session.random, [pointer]), intent.subject)
  const exchange = await perform(session, story, { ...bound, role: 'create', intent })
  if (statusOf(exchange) < 400 || statusOf(exchange) > 499) return undefined
  await act(session, story, lister, 'list', { what: 'looks for it', change: whole })
  const skip = lister.parameters.find(
    ({ in: place, name }) => place === 'query' && /^(offset|skip|start)$/i.test(name),
  )
  const total = ['total', 'count', 'total_count', 'totalCount'].find(
    (name) => typeof memberOf(jsonOf(story.exchanges[before]), name) === 'number',
  )
  if (skip && total !== undefined) {
    const { call: last, bindings } = rebind(story, lister, whole(made(session, lister, 'none')), undefined)
    const offset = {
      into: { in: 'query' as const, name: skip.name, pointer: '' },
      from: { step: before, in: 'answer' as const, pointer: `/${total}` },
    }
    await perform(session, story, {
      call: last,
      bindings: [...bindings, offset],
      role: 'list',
      intent: intentOf('looks for it at the end'),
    })
  }
  return story
}

const sizes = /^(limit|per_?page|page_?size|size|max(_?results)?|count|first|take|top)$/i

/** The list with as many items as it gives at once, without filters. */
export const withLargestPage =
  (lister: Operation) =>
  (call: Call): Call => {
    const size = lister.parameters.find(({ in: place, name }) => place === 'query' && sizes.test(name))
    const most = size?.view.atoms.map(({ node }) => node['maximum']).find((each) => typeof each === 'number')
    const query = Object.fromEntries(
      Object.entries(call.query).filter(([name]) =>
        lister.parameters.some((each) => each.in === 'query' && each.name === name && each.required),
      ),
    )
    return { ...call, query: { ...query, ...(size && { [size.name]: Math.min(most ?? 1000, 1000) }) } }
  }

/** Texts of a body that occur nowhere else. */
const marksIn = (value: Json | undefined): readonly string[] => {
  if (typeof value === 'string')
    return value.length >= 8 && value.length <= 200 && /^[\w.@:/-]+$/.test(value) ? [value] : []
  if (isList(value)) return value.flatMap(marksIn)
  return isObject(value) ? Object.values(value).flatMap(marksIn) : []
}

export const judgeFailedCreate = (
  _: Session,
  { steps }: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const at = (role: string): number => steps.findIndex((step) => step.role === role)
  const [before, create] = [at('list-before'), at('create')]
  const status = statusOf(exchanges[create])
  if (status < 400 || status > 499 || !isSuccess(exchanges[before])) return []
  const old = exchanges[before]?.response?.body ?? ''
  const others = new Set(
    steps.filter(({ role }) => role === 'setup').flatMap(({ call }) => marksIn(call.body?.value)),
  )
  for (const [step, { role }] of steps.entries()) {
    if (role !== 'list' || !isSuccess(exchanges[step])) continue
    const body = exchanges[step]?.response?.body ?? ''
    const mark = marksIn(steps[create]?.call.body?.value).find(
      (each) =>
        !others.has(each) && body.includes(JSON.stringify(each)) && !old.includes(JSON.stringify(each)),
    )
    if (mark !== undefined)
      return [
        {
          check: 'leakage',
          operation: steps[create]?.call.operation ?? '',
          step,
          message: `A creation that was answered ${status} is in the list.`,
          traits: 'leakage',
        },
      ]
  }
  return []
}
