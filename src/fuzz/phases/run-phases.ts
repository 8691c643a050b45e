import type { Operation } from '../api/operation.ts'
import { type Phase, phases } from '../call.ts'
import type { Session } from '../session.ts'
import { authCases } from './auth-cases.ts'
import { type Case, coverageCases, exampleCases } from './cases.ts'
import { type Lane, openLane } from './lane.ts'
import { protocolCases } from './protocol-cases.ts'
import { randomCases } from './random-cases.ts'
import { readersOf } from './readers.ts'
import { schedule, type Source } from './schedule.ts'
import { quietSources, statefulSources, walkSources } from './stateful.ts'

/** Shares of the time by which a phase gives way to the next; what is left of it is done in the last one. */
const shares: Readonly<Record<Phase, number>> = {
  probe: 0.5,
  examples: 0.5,
  coverage: 0.6,
  stateful: 0.8,
  random: 1,
}

/** probe → examples → coverage → stateful → random, each only if it was asked for, until the time is over. */
export const runPhases = async (session: Session, endsAt: number): Promise<void> => {
  const { settings, now, signal, operations } = session
  const begun = now()
  const wants = (phase: Phase): boolean => settings.phases.has(phase)
  session.readers = readersOf(session)
  const opened = operations.map((operation) => createOpening(session, operation))
  const of = (phase: Phase, make: (lane: Lane) => Iterable<Case>): readonly Source[] =>
    wants(phase) ? opened.map(({ lane }) => casesSource(phase, lane, make)) : []
  await schedule(
    [
      ...opened.map(({ source }) => source),
      ...of('examples', ({ operation, base }) => exampleCases(session, operation, base)),
      ...of('coverage', ({ operation, base }) =>
        interleaved(coverageCases(session, operation, base), [
          ...authCases(operation, base),
          ...protocolCases(session, operation, base),
        ]),
      ),
      ...(wants('stateful') ? [...statefulSources(session), ...quietSources(session)] : []),
      ...of('random', ({ operation, base }) => randomCases(session, operation, base)),
      ...(wants('stateful') && wants('random') ? walkSources(session) : []),
    ],
    {
      workers: settings.workers,
      now,
      signal,
      shareEnds: (phase) => begun + (endsAt - begun) * shares[phase],
      onPhase: (phase) => {
        if (phases.indexOf(phase) > phases.indexOf(session.phase)) session.phase = phase
      },
    },
  )
  const last = opened
    .flatMap(({ lane }) => lane() ?? [])
    .map((lane): Source => piece('random', () => lane.settle()))
  await schedule(last, {
    workers: settings.workers,
    now,
    signal,
    shareEnds: () => endsAt,
    onPhase: () => undefined,
  })
}

/** An operation is opened so often. */
const probesMax = 2

interface Opening {
  readonly source: Source
  readonly lane: () => Lane | undefined
}

const createOpening = (session: Session, operation: Operation): Opening => {
  let lane: Lane | undefined
  let tries = 0
  return {
    lane: () => lane,
    source: {
      phase: 'probe',
      // What could not be made yet may be made once the others have been asked.
      next: () => {
        if (tries === probesMax || lane?.isTaken === true) return undefined
        tries++
        return async () => void (lane = await openLane(session, operation))
      },
      isReady: () => tries === 0 || lane !== undefined,
    },
  }
}

const piece = (phase: Phase, work: () => Promise<void>): Source => {
  let isDone = false
  return {
    phase,
    next: () => {
      if (isDone) return undefined
      isDone = true
      return work
    },
  }
}

/** Made when it is its turn, so that a document of thousands of operations starts at once. */
const casesSource = (
  phase: Phase,
  laneOf: () => Lane | undefined,
  make: (lane: Lane) => Iterable<Case>,
): Source => {
  let cases: Iterator<Case> | undefined
  let isSettled = false
  return {
    phase,
    isReady: () => laneOf() !== undefined,
    next: () => {
      const lane = laneOf()
      if (!lane) return undefined
      cases ??= make(lane)[Symbol.iterator]()
      const each = cases.next()
      if (!each.done) return () => lane.run(each.value)
      if (isSettled || phase !== 'coverage') return undefined
      isSettled = true
      return () => lane.settle()
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
