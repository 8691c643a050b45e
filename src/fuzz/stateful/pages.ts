import { asText, canonicalText, isObject, type Json, memberOf } from '../../openapi/json.ts'
import { valueAt } from '../../openapi/pointer.ts'
import { itemsOf } from '../api/find-id.ts'
import type { Operation } from '../api/operation.ts'
import { makeCall } from '../base-call.ts'
import type { Binding, Scenario, Step } from '../call.ts'
import type { Exchange } from '../exchange.ts'
import { rebind, provide } from '../fixture.ts'
import type { Suspicion } from '../judge/suspicion.ts'
import { isSuccess, jsonOf, type Session } from '../session.ts'
import { perform } from '../perform.ts'
import { startStory, type Story } from '../story.ts'
import { act, intentOf } from './resource.ts'

const sizes = /^(limit|per_?page|page_?size|size|max_?results|count|take|top)$/i
const offsets = /^(offset|skip|start)$/i
const numbers = /^(page|page_?number|p)$/i
const cursors = /^(cursor|after|next|page_?token|starting_?after|marker|continuation|next_?token)$/i

interface Paging {
  readonly size: string
  readonly next: { readonly kind: 'offset' | 'number' | 'cursor'; readonly name: string }
}

/** How an operation is asked for a page, or undefined. */
export const pagingOf = ({ method, parameters, isModel }: Operation): Paging | undefined => {
  if (method !== 'GET' || isModel) return undefined
  const names = parameters.filter((each) => each.in === 'query').map(({ name }) => name)
  const size = names.find((name) => sizes.test(name))
  if (size === undefined) return undefined
  const found = (
    [
      ['cursor', cursors],
      ['offset', offsets],
      ['number', numbers],
    ] as const
  ).flatMap(([kind, pattern]) => {
    const name = names.find((each) => pattern.test(each))
    return name === undefined ? [] : [{ kind, name }]
  })[0]
  return found && { size, next: found }
}

const cursorPointers = [
  '/next_cursor',
  '/nextCursor',
  '/cursor',
  '/next',
  '/next_page_token',
  '/nextPageToken',
  '/nextToken',
  '/next_token',
  '/after',
  '/meta/next_cursor',
  '/meta/nextCursor',
  '/pagination/next_cursor',
  '/pagination/nextCursor',
  '/page/next',
  '/paging/next',
  '/links/next',
]

/** So few items on a page, so many pages, and so many things made before. */
const pageSize = 2
const pagesMax = 4
const thingsMax = 5

/** Pages of two, one after the other, beside one page of four: the same things, each once. */
export const pages = async (
  session: Session,
  operation: Operation,
  creator: Operation | undefined,
): Promise<Story | undefined> => {
  const paging = pagingOf(operation)
  if (!paging) return undefined
  const story = startStory()
  const whole = await provide(
    session,
    story,
    operation,
    makeCall(operation, { random: session.random, recipe: 'none', tokensMax: 1, identity: 'first' }),
  )
  if (creator)
    for (let at = 0; at < thingsMax; at++) {
      const { call } = await provide(
        session,
        story,
        creator,
        session.memory(creator).base ??
          makeCall(creator, { random: session.random, recipe: 'none', tokensMax: 1, identity: 'first' }),
      )
      const { call: fresh, bindings } = rebind(story, creator, call, undefined)
      await perform(session, story, {
        call: fresh,
        bindings,
        role: 'thing',
        intent: intentOf('makes something to list', 'unknown'),
      })
    }
  const page = async (
    role: string,
    size: number,
    query: Readonly<Record<string, Json>>,
    more: readonly Binding[] = [],
  ): Promise<Exchange> => {
    const { call, bindings } = rebind(
      story,
      operation,
      { ...whole.call, query: { ...whole.call.query, [paging.size]: size, ...query } },
      undefined,
    )
    return perform(session, story, {
      call,
      bindings: [...bindings, ...more],
      role,
      intent: intentOf(`asks for ${size} items`),
    } satisfies Step)
  }
  const { kind, name } = paging.next
  const first = kind === 'cursor' ? {} : { [name]: kind === 'offset' ? 0 : 1 }
  let last = await page('page', pageSize, first)
  if (!isSuccess(last)) return undefined
  for (let at = 1; at < pagesMax && isSuccess(last); at++) {
    const count = itemsOf(jsonOf(last))?.items.length ?? 0
    if (count < pageSize) break
    if (kind === 'cursor') {
      const answer = jsonOf(last)
      const pointer = cursorPointers.find(
        (each) =>
          typeof valueAt(answer ?? null, each) === 'string' ||
          typeof valueAt(answer ?? null, each) === 'number',
      )
      if (pointer === undefined || /^https?:|^\//.test(asText(valueAt(answer ?? null, pointer)))) break
      last = await page('page', pageSize, {}, [
        {
          into: { in: 'query', name, pointer: '' },
          from: { step: story.steps.length - 1, in: 'answer', pointer },
        },
      ])
    } else last = await page('page', pageSize, { [name]: kind === 'offset' ? at * pageSize : at + 1 })
  }
  await page('whole', pageSize * 2, first)
  // Another first page by now was made by somebody else meanwhile.
  await page('again', pageSize, first)
  const most = operation.parameters
    .find((each) => each.in === 'query' && each.name === paging.size)
    ?.view.atoms.map(({ node }) => node['maximum'])
    .find((each) => typeof each === 'number')
  if (most !== undefined)
    await act(session, story, operation, 'most', {
      what: 'asks for as many as there may be',
      change: (call) => ({ ...call, query: { ...whole.call.query, [paging.size]: most } }),
    })
  return story
}

const nameOf = (item: Json): string => {
  const id = isObject(item) ? (item['id'] ?? item['uuid'] ?? item['name']) : undefined
  return canonicalText(id ?? item)
}

export const judgePages = (
  session: Session,
  { steps }: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const first = steps.findIndex(({ role }) => role === 'page')
  const operation = session.api.byKey.get(steps[first]?.call.operation ?? '')
  const paging = operation && pagingOf(operation)
  if (!operation || !paging) return []
  const of = (step: number, message: string, traits: string): readonly Suspicion[] => [
    { check: 'pagination', operation: operation.key, step, message, traits },
  ]
  const namesAt = (at: number): readonly string[] => (itemsOf(jsonOf(exchanges[at]))?.items ?? []).map(nameOf)
  const again = steps.findIndex(({ role }) => role === 'again')
  const isStill = again < 0 || namesAt(again).join() === namesAt(first).join()
  const seen: string[] = []
  for (const [step, { role, call }] of steps.entries()) {
    if (!['page', 'whole', 'most'].includes(role) || !isSuccess(exchanges[step])) continue
    const items = itemsOf(jsonOf(exchanges[step]))?.items ?? []
    const asked = call.query[paging.size]
    if (typeof asked === 'number' && items.length > asked)
      return of(step, `Answered ${items.length} items where ${asked} were asked for.`, 'too many')
    const total = memberOf(jsonOf(exchanges[step]), 'total')
    if (
      role === 'most' &&
      typeof total === 'number' &&
      typeof asked === 'number' &&
      items.length < asked &&
      items.length !== total
    )
      return of(step, `Says there are ${total} in all, and gives all ${items.length}.`, 'total')
    if (role !== 'page') continue
    const names = items.map(nameOf)
    if (isStill && names.some((name) => seen.includes(name)))
      return of(step, 'An item is on two pages.', 'repeats')
    seen.push(...names)
  }
  const wholeAt = steps.findIndex(({ role }) => role === 'whole')
  const whole = isSuccess(exchanges[wholeAt])
    ? (itemsOf(jsonOf(exchanges[wholeAt]))?.items ?? []).map(nameOf)
    : []
  const missing = whole.slice(0, pageSize * 2).find((name) => !seen.includes(name))
  const pageCount = steps.filter(({ role }) => role === 'page').length
  return isStill && missing !== undefined && pageCount >= 2 && whole.length <= pageSize * 2
    ? of(wholeAt, 'An item is on no page.', 'skips')
    : []
}
