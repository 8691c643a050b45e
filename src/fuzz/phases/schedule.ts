import type { Phase } from '../call.ts'
import { phases } from '../call.ts'

/** Work of one operation in one phase. A slow one must not take the turns of the others. */
export interface Source {
  readonly phase: Phase
  /** The next piece of work, `later` while it waits for something, or undefined when there is none left. */
  next(): (() => Promise<void>) | 'later' | undefined
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
  const open: Turn[] = sources.map((source) => ({ source, spentMs: 0, running: 0, pieces: 0 }))
  let wake: (() => void)[] = []
  let quiet: Turn | undefined
  const isSlow = ({ spentMs, pieces, running }: Turn): boolean =>
    pieces === 0 ? running > 0 : spentMs / pieces > slowMs
  const rankOf = ({ source: { phase } }: Turn): number =>
    now() > options.shareEnds(phase) ? phases.length : phases.indexOf(phase)
  const mayRun = (turn: Turn): boolean => {
    if (turn.running > 0 && (isSlow(turn) || turn.source.isQuiet)) return false
    if (quiet) return false
    return !turn.source.isQuiet || open.every((other) => other.running === 0 || isSlow(other))
  }
  const pick = (): { turn: Turn; work: () => Promise<void> } | undefined => {
    const waiting = new Set<Turn>()
    for (;;) {
      let best: Turn | undefined
      let lowest = Infinity
      for (const turn of open) {
        if (waiting.has(turn) || !mayRun(turn)) continue
        const cost = rankOf(turn) * 1e9 + costOf(turn)
        if (cost < lowest) [best, lowest] = [turn, cost]
      }
      if (!best) return undefined
      const work = best.source.next()
      if (work === 'later') waiting.add(best)
      else if (work) return { turn: best, work }
      else open.splice(open.indexOf(best), 1)
    }
  }
  const worker = async (): Promise<void> => {
    while (!signal.aborted) {
      const picked = pick()
      if (!picked) {
        if (open.length === 0 || (open.every(({ running }) => running === 0) && quiet === undefined)) return
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
