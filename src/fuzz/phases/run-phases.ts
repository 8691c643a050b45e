import type { Phase } from '../call.ts'
import type { FuzzResult } from '../result.ts'
import type { Session } from '../session.ts'
import { authCases } from './auth-cases.ts'
import { coverageCases, exampleCases } from './cases.ts'
import { type Lane, openLane } from './lane.ts'
import { protocolCases } from './protocol-cases.ts'
import { randomCases } from './random-cases.ts'
import { readersOf } from './readers.ts'
import { schedule, type Source } from './schedule.ts'
import { quietSources, statefulSources, walkSources } from './stateful.ts'

export interface PhaseOptions {
  readonly endsAt: number
  readonly requests: () => number
}

/** Shares of the time by which a phase gives way to the next; what is left of it is done in the last one. */
const shares: Readonly<Record<Phase, number>> = {
  probe: 0.15,
  examples: 0.2,
  coverage: 0.6,
  stateful: 0.85,
  random: 1,
}

/** probe → examples → coverage → stateful → random, each only if it was asked for, within the time. */
export const runPhases = async (
  session: Session,
  { endsAt, requests }: PhaseOptions,
): Promise<FuzzResult['phases']> => {
  const { settings, now } = session
  const begun = now()
  const done: FuzzResult['phases'][number][] = []
  const lanes: Lane[] = []
  const left: Source[] = []
  const run = async (phase: Phase, sources: readonly Source[]): Promise<void> => {
    if (session.signal.aborted) return
    session.phase = phase
    const from = now()
    const before = requests()
    const isDone = await schedule(sources, {
      workers: settings.workers,
      now,
      signal: session.signal,
      endsAt: begun + (endsAt - begun) * shares[phase],
    })
    if (!isDone && phase !== 'random') left.push(...sources)
    done.push({ phase, requests: requests() - before, elapsedMs: Math.round(now() - from) })
  }
  session.readers = readersOf(session)
  const opened = session.operations.map((operation) =>
    once(async () => void lanes.push(await openLane(session, operation))),
  )
  await run('probe', opened)
  const sourcesOf = (make: (lane: Lane) => Iterable<Parameters<Lane['run']>[0]>): readonly Source[] =>
    lanes.map((lane) => casesSource(lane, make))
  if (settings.phases.has('examples'))
    await run(
      'examples',
      sourcesOf((lane) => exampleCases(session, lane.operation, lane.base)),
    )
  if (settings.phases.has('coverage')) {
    await run(
      'coverage',
      sourcesOf((lane) =>
        interleaved(coverageCases(session, lane.operation, lane.base), [
          ...authCases(session, lane.operation, lane.base),
          ...protocolCases(session, lane.operation, lane.base),
        ]),
      ),
    )
    await settleAll(session, lanes, endsAt)
  }
  if (settings.phases.has('stateful')) {
    await run('stateful', statefulSources(session))
    await schedule(quietSources(session), { workers: 1, now, signal: session.signal, endsAt })
  }
  if (settings.phases.has('random') && !session.signal.aborted)
    await run('random', [
      ...left,
      ...(settings.phases.has('stateful') ? walkSources(session) : []),
      ...sourcesOf((lane) => randomCases(session, lane.operation, lane.base)),
    ])
  else if (left.length > 0) await run('random', left)
  await settleAll(session, lanes, endsAt)
  return done
}

const settleAll = async (session: Session, lanes: readonly Lane[], endsAt: number): Promise<void> => {
  const { settings, now, signal } = session
  await schedule(
    lanes.map((lane) => once(() => lane.settle())),
    { workers: settings.workers, now, signal, endsAt },
  )
}

const once = (work: () => Promise<void>): Source => {
  let isDone = false
  return {
    next: () => {
      if (isDone) return undefined
      isDone = true
      return work
    },
  }
}

/** Made when it is its turn, so that a document of thousands of operations starts at once. */
const casesSource = (lane: Lane, make: (lane: Lane) => Iterable<Parameters<Lane['run']>[0]>): Source => {
  let cases: Iterator<Parameters<Lane['run']>[0]> | undefined
  return {
    next: () => {
      cases ??= make(lane)[Symbol.iterator]()
      const each = cases.next()
      return each.done ? undefined : () => lane.run(each.value)
    },
  }
}

/** One of the second for every two of the first, so that neither has to wait for the other. */
const interleaved = function* <Item>(first: readonly Item[], second: readonly Item[]): Generator<Item> {
  let at = 0
  for (const [index, item] of first.entries()) {
    yield item
    const other = index % 2 === 1 ? second[at++] : undefined
    if (other !== undefined) yield other
  }
  yield* second.slice(at)
}
