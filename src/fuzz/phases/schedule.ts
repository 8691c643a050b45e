import type { Phase } from '../call.ts'
import { phases } from '../call.ts'

/** Work of one operation in one phase. A slow one must not take the turns of the others. */
export interface Source {
  readonly phase: Phase
  /** The next piece of work, or undefined when there is none left. */
  next(): (() => Promise<void>) | undefined
  /** False while it waits for something. */
  isReady?(): boolean
  /** Its pieces run alone, but for pieces of slow sources. */
  readonly isQuiet?: boolean
}

interface Turn {
  readonly source: Source
  spentMs: number
  running: number
  pieces: number
}

export interface ScheduleOptions {
  readonly workers: number
  readonly now: () => number
  /** Nothing new is begun once it is aborted. */
  readonly signal: AbortSignal
  /** When a phase has had its share of the time, what is left of it waits for the last one. */
  readonly shareEnds: (phase: Phase) => number
  readonly onPhase: (phase: Phase) => void
}

/** A piece that takes longer on average is slow: one of its kind runs at a time. */
const slowMs = 400

/**
 * Runs the work of all sources: those of an earlier phase first, and among them the one that has taken least time. A
 * source that is slow or waits holds nobody up; the others go on to the next phase.
 */
export const schedule = async (sources: readonly Source[], options: ScheduleOptions): Promise<void> => {
  const { workers, now, signal } = options
  const turns: readonly Turn[] = sources.map((source) => ({ source, spentMs: 0, running: 0, pieces: 0 }))
  let wake: (() => void)[] = []
  let quiet: Turn | undefined
  const isSlow = ({ spentMs, pieces, running }: Turn): boolean =>
    pieces === 0 ? running > 0 : spentMs / pieces > slowMs
  /** One list for each phase: of thousands of sources only those whose turn it is are looked at. */
  const open = new Map(phases.map((phase) => [phase, turns.filter(({ source }) => source.phase === phase)]))
  const inOrder = (): readonly Phase[] => {
    const time = now()
    const isOver = (phase: Phase): number => (time > options.shareEnds(phase) ? 1 : 0)
    return phases.toSorted((left, right) => isOver(left) - isOver(right))
  }
  const mayRun = (turn: Turn): boolean => {
    if (turn.running > 0 && (isSlow(turn) || turn.source.isQuiet)) return false
    if (quiet || turn.source.isReady?.() === false) return false
    return !turn.source.isQuiet || turns.every((other) => other.running === 0 || isSlow(other))
  }
  const pickFrom = (
    among: Turn[],
    isQuietOnly = false,
  ): { turn: Turn; work: () => Promise<void> } | undefined => {
    for (;;) {
      let best: Turn | undefined
      let lowest = Infinity
      for (const turn of among) {
        // One worker does the same in the same order however long each takes.
        const cost = workers === 1 ? turn.pieces : costOf(turn)
        if (isQuietOnly && turn.source.isQuiet !== true) continue
        if (cost < lowest && mayRun(turn)) [best, lowest] = [turn, cost]
        if (lowest === 0) break
      }
      if (!best) return undefined
      const work = best.source.next()
      if (work) return { turn: best, work }
      among.splice(among.indexOf(best), 1)
    }
  }
  const isWaiting = ({ source, running }: Turn): boolean => source.isQuiet === true && running === 0
  const pick = (): { turn: Turn; work: () => Promise<void> } | undefined => {
    for (const [phase, among] of open)
      if (now() > options.shareEnds(phase) && among.some(isWaiting)) {
        const picked = pickFrom(among, true)
        if (picked || among.some(isWaiting)) return picked
      }
    for (const phase of inOrder()) {
      const among = open.get(phase) ?? []
      const picked = pickFrom(among)
      if (picked) return picked
      // What has to run alone would never be alone if later phases went on: everybody waits for it.
      if (among.some(isWaiting)) return undefined
    }
    return undefined
  }
  const worker = async (): Promise<void> => {
    while (!signal.aborted) {
      const picked = pick()
      if (!picked) {
        if (turns.every(({ running }) => running === 0)) return
        await new Promise<void>((resolve) => wake.push(resolve))
        continue
      }
      const { turn, work } = picked
      const begun = now()
      turn.running++
      if (turn.source.isQuiet) quiet = turn
      options.onPhase(turn.source.phase)
      try {
        await work()
      } finally {
        turn.running--
        turn.pieces++
        turn.spentMs += now() - begun
        if (quiet === turn) quiet = undefined
        const all = wake
        wake = []
        for (const each of all) each()
      }
    }
  }
  await Promise.all(Array.from({ length: workers }, worker))
}

/** What is under way counts as much as a piece has cost so far. */
const costOf = ({ spentMs, running, pieces }: Turn): number =>
  spentMs + running * (pieces === 0 ? 1 : spentMs / pieces)
