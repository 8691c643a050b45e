import { isObject, type Json, sameJson } from '../../openapi/json.ts'
import { itemsOf } from '../api/find-id.ts'
import { plainName } from '../api/nouns.ts'
import type { Operation } from '../api/operation.ts'
import { isValidBody, makeCall, writableMedia } from '../base-call.ts'
import type { Call, CallBody, Scenario } from '../call.ts'
import type { Exchange } from '../exchange.ts'
import { provide } from '../fixture.ts'
import type { Suspicion } from '../judge/suspicion.ts'
import { isSuccess, jsonOf, type Session, statusOf } from '../session.ts'
import type { Story } from '../story.ts'
import { act, callOf, type Resource, withThing } from './resource.ts'
import { withLargestPage } from './refused-writes.ts'

/** What the first identity made, asked for by the second. */
export const crossUser = async (
  session: Session,
  resource: Resource,
  operation: Operation,
): Promise<Story | undefined> => {
  if (operation.security.length === 0 || operation.isAuthOptional) return undefined
  const story = await withThing(session, resource)
  if (!story) return undefined
  const { reader, lister } = resource
  await act(session, story, reader, 'own', { what: 'reads its own' })
  if (lister) {
    await act(session, story, lister, 'own-list', { what: 'lists its own', change: withLargestPage(lister) })
    await act(session, story, lister, 'foreign-list', {
      what: 'lists as another',
      identity: 'second',
      change: withLargestPage(lister),
    })
  }
  // What its owner may not write says nothing when another one may not.
  const body = /^(PUT|PATCH)$/.test(operation.method) ? await ownWrite(session, story, operation) : undefined
  const writer = resource.patch ?? resource.put ?? resource.deleter
  if (operation === reader && writer)
    await act(session, story, writer, 'foreign-write', {
      what: 'changes it as another',
      identity: 'second',
      expect: 'unknown',
    })
  if (operation !== reader)
    await act(session, story, reader, 'foreign-read', {
      what: 'reads it as another',
      identity: 'second',
      expect: 'unknown',
    })
  await act(session, story, operation, 'foreign', {
    what: 'asks for it as another',
    identity: 'second',
    expect: 'unknown',
    ...(body && { change: (call: Call) => ({ ...call, body }) }),
  })
  return story
}

const writesMax = 6

/** A body that the owner may write: as usual, or with one member only where members depend on what is there. */
const ownWrite = async (
  session: Session,
  story: Story,
  operation: Operation,
): Promise<CallBody | undefined> => {
  const media = writableMedia(operation)[0]
  const plain = callOf(session, story, operation).call.body
  const whole = plain?.value
  const single: readonly CallBody[] =
    operation.method === 'PATCH' && media && isObject(whole)
      ? Object.entries(whole)
          .map(([name, value]) => ({ mediaType: media.type, value: { [name]: value } }))
          .filter(({ value }) => isValidBody(media, value))
      : []
  for (const body of [...(plain ? [plain] : []), ...single].slice(0, writesMax)) {
    const exchange = await act(session, story, operation, 'own-write', {
      what: 'changes its own',
      expect: 'unknown',
      change: (call) => ({ ...call, body }),
    })
    if (isSuccess(exchange)) return body
    story.steps.pop()
    story.exchanges.pop()
  }
  return undefined
}

const owners = /^(owner|user|account|customer|author|creator|createdby|member|tenant)(id|name|email)?$/

/** Whether the answer says whose the thing is. */
const namesOwner = (value: Json | undefined): boolean =>
  isObject(value) &&
  Object.entries(value).some(
    ([name, each]) =>
      owners.test(plainName(name)) ||
      (isObject(each) && /^(data|item|result)$/.test(name) && namesOwner(each)),
  )

/**
 * Things may be shared, so that being answered is no fault by itself: the document has to know a 403 and something has
 * to say whose the thing is, or lists have to keep apart what reading does not.
 */
export const judgeCrossUser = (
  session: Session,
  { steps }: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const at = (role: string): number => steps.findIndex((step) => step.role === role)
  const [own, ownList, foreignList, foreignRead, foreign] = [
    at('own'),
    at('own-list'),
    at('foreign-list'),
    at('foreign-read'),
    at('foreign'),
  ]
  const operation = session.api.byKey.get(steps[foreign]?.call.operation ?? '')
  if (!operation || !isSuccess(exchanges[foreign]) || !isSuccess(exchanges[own])) return []
  const isPrivate =
    isListed(exchanges[ownList], exchanges[own]) &&
    isSuccess(exchanges[foreignList]) &&
    !isListed(exchanges[foreignList], exchanges[own])
  const isRefused = [403, 404].includes(statusOf(exchanges[foreignRead]))
  // Who is told that it is not there is not meant to see it.
  const isHidden = statusOf(exchanges[at('foreign-write')]) === 404
  const knows = operation.responses.has('403')
  const isOwned = namesOwner(jsonOf(exchanges[own])) || operation.method === 'GET'
  if (!(isPrivate || isHidden || (knows && isOwned) || (isRefused && operation.method !== 'GET'))) return []
  return [
    {
      check: 'cross_user_access',
      operation: operation.key,
      step: foreign,
      message: `Answered ${statusOf(exchanges[foreign])} to another identity than the one that made it.`,
      traits: 'other identity',
    },
  ]
}

/** Whether a list has a thing; a list that may be cut off says nothing. */
const isListed = (list: Exchange | undefined, thing: Exchange | undefined): boolean => {
  const items = itemsOf(jsonOf(list))?.items ?? []
  const whole = jsonOf(thing)
  const id = isObject(whole) ? whole['id'] : undefined
  return items.some(
    (item) => isObject(item) && (id === undefined ? sameJson(item, whole) : sameJson(item['id'], id)),
  )
}

/** A child asked for below another parent than its own. */
export const hierarchy = async (
  session: Session,
  resource: Resource,
  operation: Operation,
): Promise<Story | undefined> => {
  const { reader } = resource
  const names = [...reader.path.matchAll(/\{([^{}]+)\}/g)].map(([, name = '']) => name)
  const parent = names.at(-2)
  if (parent === undefined) return undefined
  const story = await withThing(session, resource)
  if (!story) return undefined
  await act(session, story, reader, 'own', { what: 'reads it below its own parent' })
  const prefix = reader.path.slice(0, reader.path.indexOf(`{${parent}}`) + parent.length + 2)
  const place = prefix.replaceAll(/\{[^{}]*\}/g, '{}')
  const old = story.made.get(place)
  if (!old) return undefined
  story.made.delete(place)
  const above = {
    ...reader,
    path: prefix,
    parameters: reader.parameters.filter((each) => each.in === 'path' && prefix.includes(`{${each.name}}`)),
  }
  await provide(
    session,
    story,
    above,
    makeCall(above, {
      random: session.random,
      recipe: 'none',
      tokensMax: session.settings.tokensMax,
      identity: 'first',
    }),
  )
  const other = story.made.get(place)
  if (
    !other ||
    sameJson(other.value, old.value) ||
    story.steps[other.from.step]?.call.operation.startsWith('GET ')
  )
    return undefined
  await act(session, story, operation, 'crossed', {
    what: 'asks for it below another parent',
    expect: 'unknown',
  })
  return story
}

export const judgeHierarchy = (
  _: Session,
  { steps }: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const at = (role: string): number => steps.findIndex((step) => step.role === role)
  const [own, crossed] = [at('own'), at('crossed')]
  if (!isSuccess(exchanges[own]) || !isSuccess(exchanges[crossed])) return []
  const operation = steps[crossed]?.call.operation ?? ''
  // PUT may make a thing of that name there.
  if (operation.startsWith('PUT ') && statusOf(exchanges[crossed]) === 201) return []
  const [mine, other] = [jsonOf(exchanges[own]), jsonOf(exchanges[crossed])]
  // Another parent may have a child of the same number.
  if (operation.startsWith('GET ') && isObject(mine) && isObject(other) && !sameJson(mine, other)) return []
  return [
    {
      check: 'hierarchy',
      operation,
      step: crossed,
      message: `Answered ${statusOf(exchanges[crossed])} below a parent that is not its own.`,
      traits: 'other parent',
    },
  ]
}
