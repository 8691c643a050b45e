/** Work of one operation. A slow one must not take the turns of the others. */
export interface Source {
  /** The next piece of work, or undefined when there is none left. */
  next(): (() => Promise<void>) | undefined
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
  /** Nothing new is begun once it is aborted or this time is reached. */
  readonly signal: AbortSignal
  readonly endsAt: number
}

/** Runs the work of all sources, the source that has taken least time first. Resolves to whether all was done. */
export const schedule = async (
  sources: readonly Source[],
  { workers, now, signal, endsAt }: ScheduleOptions,
): Promise<boolean> => {
  const open: Turn[] = sources.map((source) => ({ source, spentMs: 0, running: 0, pieces: 0 }))
  const isOver = (): boolean => signal.aborted || now() >= endsAt
  const pick = (): { turn: Turn; work: () => Promise<void> } | undefined => {
    while (open.length > 0) {
      let best = open[0] as Turn
      for (const turn of open) if (cost(turn) < cost(best)) best = turn
      const work = best.source.next()
      if (work) return { turn: best, work }
      open.splice(open.indexOf(best), 1)
    }
    return undefined
  }
  const worker = async (): Promise<void> => {
    while (!isOver()) {
      const picked = pick()
      if (!picked) return
      const { turn, work } = picked
      const begun = now()
      turn.running++
      try {
        await work()
      } finally {
        turn.running--
        turn.pieces++
        turn.spentMs += now() - begun
      }
    }
  }
  await Promise.all(Array.from({ length: workers }, worker))
  return open.length === 0
}

/** What is under way counts as much as a piece has cost so far. */
const cost = ({ spentMs, running, pieces }: Turn): number =>
  spentMs + running * (pieces === 0 ? 1 : spentMs / pieces)
