import { isList, isObject, type Json, memberOf, sameJson } from '../../openapi/json.ts'
import { alternatives } from '../../openapi/schema/alternatives.ts'
import { itemsOf } from '../api/find-id.ts'
import type { Operation, Parameter } from '../api/operation.ts'
import { freshCall, isValidBody, writableMedia } from '../base-call.ts'
import type { Call, Scenario } from '../call.ts'
import { drawsOf } from '../draw/draws.ts'
import type { Exchange } from '../exchange.ts'
import { rebind } from '../fixture.ts'
import type { Suspicion } from '../judge/suspicion.ts'
import { isSuccess, jsonOf, type Session, statusOf } from '../session.ts'
import { perform } from '../perform.ts'
import type { Story } from '../story.ts'
import { act, intentOf, type Resource, withThing, writableMembers } from './resource.ts'

import { bodyOf, made, thingIn, write } from './writing.ts'
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
    const inner = lister.parameters.flatMap(largestInside)[0]
    return {
      ...call,
      query: { ...query, ...(size && { [size.name]: Math.min(most ?? 1000, 1000) }), ...inner },
    }
  }

/** `page[size]`: the most that a member of a parameter asks for. */
const largestInside = ({ in: place, name, view }: Parameter): readonly Record<string, Json>[] =>
  place !== 'query'
    ? []
    : alternatives(view).flatMap((one) => {
        if (one.type !== 'object') return []
        const [member, own] = [...one.properties].find(([each]) => sizes.test(each)) ?? []
        const most = own?.atoms.map(({ node }) => node['maximum']).find((each) => typeof each === 'number')
        return member === undefined ? [] : [{ [name]: { [member]: Math.min(most ?? 1000, 1000) } }]
      })

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
  const of = (step: number, message: string): readonly Suspicion[] => [
    { check: 'leakage', operation: steps[create]?.call.operation ?? '', step, message, traits: 'leakage' },
  ]
  // Below what was made for it nobody else makes anything.
  const isAlone =
    Object.keys(steps[create]?.call.path ?? {}).length > 0 &&
    steps.every(({ role, call }) => role !== 'setup' || !call.operation.startsWith('GET '))
  const countBefore = itemsOf(jsonOf(exchanges[before]))?.items.length
  for (const [step, { role }] of steps.entries()) {
    if (role !== 'list' || !isSuccess(exchanges[step])) continue
    const count = itemsOf(jsonOf(exchanges[step]))?.items.length
    if (isAlone && count !== undefined && countBefore !== undefined && count > countBefore)
      return of(step, `A creation was answered ${status}, and the list has one more.`)
    const body = exchanges[step]?.response?.body ?? ''
    const mark = marksIn(steps[create]?.call.body?.value).find(
      (each) =>
        !others.has(each) && body.includes(JSON.stringify(each)) && !old.includes(JSON.stringify(each)),
    )
    if (mark !== undefined) return of(step, `A creation that was answered ${status} is in the list.`)
  }
  return []
}
