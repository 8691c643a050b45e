import type { Operation } from '../api/operation.ts'
import { judge } from '../judge/judge.ts'
import type { Session } from '../session.ts'
import { crossUser, hierarchy } from '../stateful/access.ts'
import { deletion, lifecycle, location, siblings } from '../stateful/lifecycle.ts'
import { pages, pagingOf } from '../stateful/pages.ts'
import { movesOn, poll } from '../stateful/poll.ts'
import { type Resource, resourcesOf, writableMembers } from '../stateful/resource.ts'
import { canStream, stream } from '../stateful/streams.ts'
import { failedCreate, failedWrite, failedWrites } from '../stateful/refused-writes.ts'
import { patchOne, repeat, replace } from '../stateful/writes.ts'
import type { Story } from '../story.ts'
import { walk } from '../stateful/walk.ts'
import type { Source } from './schedule.ts'

type Tell = (kind: string, make: () => Promise<Story | undefined>) => () => Promise<void>

const patchesMax = 6

/** What is told of each resource: its scenarios, in the order in which they are worth most. */
export const statefulSources = (session: Session): readonly Source[] => {
  const { operations } = session
  const resources = resourcesOf(operations)
  const tell = teller(session)
  return [
    ...resources.map((resource) => listSource(() => tales(session, resource, tell))),
    ...operations
      .filter((each) => isLoneDeleter(each, resources))
      .map((deleter) => listSource(() => [tell('deletion', () => deletion(session, deleter))])),
    ...operations
      .filter(canStream)
      .map((operation) => listSource(() => [tell('single', () => stream(session, operation))])),
  ]
}

const isLoneDeleter = (operation: Operation, resources: readonly Resource[]): boolean =>
  operation.method === 'DELETE' &&
  /\}\/?$/.test(operation.path) &&
  !resources.some(({ deleter }) => deleter === operation)

/** Pages are compared while nobody else writes: one after the other, with no other work beside. */
export const quietSources = (session: Session): readonly Source[] => {
  const tell = teller(session)
  const made = session.operations.filter(pagingOf).map((operation) => {
    const creator = session.operations.find(
      ({ method, path }) => method === 'POST' && path === operation.path,
    )
    return tell('pages', () => pages(session, operation, creator))
  })
  return [listSource(() => made, true)]
}

/** Longer stories without a plot, and those with one again with other values, until nobody asks for more. */
export const walkSources = (session: Session): readonly Source[] => {
  const tell = teller(session)
  const { examplesMax } = session.settings
  return resourcesOf(session.operations).map((resource): Source => {
    let count = 0
    let told: (() => Promise<void>)[] = []
    return {
      phase: 'random',
      next: () => {
        if (count++ >= examplesMax / 5) return undefined
        if (count % 2 === 0) return tell('walk', () => walk(session, resource))
        if (told.length === 0) told = [...tales(session, resource, tell)]
        return told.shift()
      },
    }
  })
}

const teller =
  (session: Session): Tell =>
  (kind, make) =>
  async () => {
    const story = await make()
    if (!story || session.signal.aborted) return
    const scenario = { kind, steps: story.steps }
    await session.suspect(scenario, story.exchanges, judge(session, scenario, story.exchanges))
  }

const tales = (session: Session, resource: Resource, tell: Tell): readonly (() => Promise<void>)[] => {
  const { put, patch, creator, reader, deleter, lister, children } = resource
  const writers = [put, patch].filter((each): each is Operation => each !== undefined)
  const names = patch ? [...writableMembers(patch).keys()].slice(0, patchesMax) : []
  const own = [reader, ...writers, ...(deleter ? [deleter] : [])]
  const isWatched = (session.settings.second ?? session.settings.logInSecond) !== undefined
  const many = <Each>(
    kind: string,
    each: readonly Each[],
    make: (one: Each) => Promise<Story | undefined>,
  ): readonly (() => Promise<void>)[] => each.map((one) => tell(kind, () => make(one)))
  // The first of each kind before the second of any: a run that is cut short has seen all kinds.
  return inTurns([
    [tell('lifecycle', () => lifecycle(session, resource))],
    [tell('location', () => location(session, resource))],
    movesOn(resource, session.operations) ? [tell('poll', () => poll(session, resource))] : [],
    put ? [tell('replace', () => replace(session, resource))] : [],
    put ? [tell('repeat', () => repeat(session, resource))] : [],
    many('cross-user', isWatched ? [...own, ...children] : [], (each) => crossUser(session, resource, each)),
    many('hierarchy', own, (each) => hierarchy(session, resource, each)),
    deleter ? [tell('siblings', () => siblings(session, resource))] : [],
    many('patch', names, (name) => patchOne(session, resource, name)),
    many('patch', names, (name) => patchOne(session, resource, name, true)),
    ...writers.map((writer) =>
      many('failed-write', failedWrites(session, writer), (each) =>
        failedWrite(session, resource, writer, each),
      ),
    ),
    many('failed-create', creator && lister ? failedWrites(session, creator) : [], (each) =>
      failedCreate(session, resource, each),
    ),
  ])
}

const inTurns = <Item>(groups: readonly (readonly Item[])[]): readonly Item[] =>
  Array.from({ length: Math.max(0, ...groups.map(({ length }) => length)) }, (_, at) =>
    groups.flatMap((group) => group.slice(at, at + 1)),
  ).flat()

/** The list is made when it is its turn. */
const listSource = (make: () => readonly (() => Promise<void>)[], isQuiet = false): Source => {
  let all: Iterator<() => Promise<void>> | undefined
  return {
    phase: 'stateful',
    isQuiet,
    next: () => {
      all ??= make()[Symbol.iterator]()
      const each = all.next()
      return each.done ? undefined : each.value
    },
  }
}
