import { monotonicMs } from '../clock.ts'
import type { Pacer } from '../pacer.ts'
import { arrivalTimes } from './arrivals.ts'
import { type Load, type Phase, portion, type Share } from './phase.ts'

export interface Drive {
  readonly phase: Phase
  readonly share: Share
  readonly originMs: number
  readonly pacer: Pacer
  /** Makes the request with this number ready, so that nothing but sending it is left to do at its time. */
  readonly prepare: (index: number) => Prepared
  /** Nothing more is sent once it is aborted; what runs goes on. */
  readonly signal: AbortSignal
}

/** Sends the request; resolves when it is over, with whether it was taken at all. */
export type Prepared = (scheduledMs: number) => Promise<boolean>

/** A slot whose request was turned away waits, lest a server that is down be asked thousands of times a second. */
const refusedPauseMs = 100

/** Sends the requests of one phase. Resolves when the last has been sent and is over. */
export const drive = async (options: Drive): Promise<void> => {
  const { load } = options.phase
  if (load.kind === 'closed') await driveClosed(options, load)
  else await driveOpen(options, load)
}

type ClosedLoad = Extract<Load, { kind: 'closed' }>
type OpenLoad = Extract<Load, { kind: 'open' }>

const driveClosed = async (options: Drive, { concurrency, rampMs }: ClosedLoad): Promise<void> => {
  const { phase, share, originMs, signal, prepare } = options
  const { requests = Number.POSITIVE_INFINITY, durationMs = Number.POSITIVE_INFINITY } = phase
  let index = share.share
  const slots = portion(concurrency, share)

  const runSlot = async (slot: number): Promise<void> => {
    const startMs = originMs + (rampMs * (slot * share.count + share.share)) / concurrency
    await due(options, startMs)
    // A slot's next request is wanted the moment its last one is over.
    for (let scheduledMs = startMs; !signal.aborted; scheduledMs = monotonicMs()) {
      const taken = index
      if (taken >= requests || scheduledMs - originMs >= durationMs) return
      index += share.count
      const isTaken = await prepare(taken)(scheduledMs)
      if (!isTaken) await due(options, monotonicMs() + refusedPauseMs)
    }
  }
  await Promise.all(Array.from({ length: slots }, (_, slot) => runSlot(slot)))
}

const driveOpen = async (options: Drive, { arrivals, concurrencyMax }: OpenLoad): Promise<void> => {
  const { phase, share, originMs, signal, prepare } = options
  const { requests = Number.POSITIVE_INFINITY, durationMs = Number.POSITIVE_INFINITY } = phase
  const gate = createGate(Math.max(1, portion(concurrencyMax, share)))
  const sent = new Set<Promise<void>>()

  const sendAt = async (scheduledMs: number, send: Prepared): Promise<void> => {
    const entered = gate.enter()
    if (entered) await entered
    try {
      if (!signal.aborted) await send(scheduledMs)
    } finally {
      gate.leave()
    }
  }

  let index = -1
  for (const offsetMs of arrivalTimes(arrivals)) {
    index += 1
    if (index >= requests || offsetMs >= durationMs) break
    if (index % share.count !== share.share) continue
    const send = prepare(index)
    const scheduledMs = originMs + offsetMs
    await due(options, scheduledMs)
    if (signal.aborted) break
    const one = sendAt(scheduledMs, send).finally(() => sent.delete(one))
    sent.add(one)
  }
  await Promise.all(sent)
}

/** Resolves at `dueMs`, or soon after the signal. */
const due = ({ pacer, signal }: Drive, dueMs: number): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const done = (): void => {
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
    pacer.at(dueMs, done)
  })

/** Lets `places` in at once, the others in the order they came. */
const createGate = (places: number) => {
  let free = places
  const waiting: (() => void)[] = []
  return {
    /** Undefined when there is a place now, so that nothing has to be waited for. */
    enter: (): Promise<void> | undefined => {
      if (free > 0) {
        free -= 1
        return undefined
      }
      return new Promise((resolve) => waiting.push(resolve))
    },
    leave: (): void => {
      const next = waiting.shift()
      if (next) next()
      else free += 1
    },
  }
}
