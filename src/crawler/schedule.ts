import type { CrawlOutcome } from './outcome.ts'

/** Looks at sources again and again, each in its own time. */
export interface Schedule {
  /** Puts other jobs in place of those there are; one that stays the same keeps its next time. */
  set(jobs: readonly Job[]): void
  /** The last outcome of each job, by its name. */
  readonly outcomes: ReadonlyMap<string, CrawlOutcome>
  /** Stops and waits for what runs. */
  close(): Promise<void>
}

export interface Job {
  readonly name: string
  readonly everyMs: number
  /** What makes it the same job as before a reload. */
  readonly key: string
  /** One look; throws only when the signal aborts. */
  readonly look: (signal: AbortSignal) => Promise<CrawlOutcome>
}

export interface ScheduleOptions {
  /** Told of every look. */
  readonly onOutcome: (outcome: CrawlOutcome) => void
  /** In [0, 1). */
  readonly random: () => number
  /** Runs `work` after a while and returns how to call it off. */
  readonly after: (ms: number, work: () => void) => () => void
}

/** The first looks of a start are spread over this, or over the time between two looks if that is shorter. */
const spreadMs = 10_000
/** A document that waits for its second sighting is looked at again after this at the latest. */
const againMs = 60_000
/** Looks are up to this part earlier, so that those of one start do not stay together for ever. */
const jitter = 0.1

export const defaultAfter: ScheduleOptions['after'] = (ms, work) => {
  const timer = setTimeout(work, ms)
  timer.unref()
  return () => clearTimeout(timer)
}

export const createSchedule = ({ onOutcome, random, after }: ScheduleOptions): Schedule => {
  const outcomes = new Map<string, CrawlOutcome>()
  const running = new Set<Promise<void>>()
  let jobs = new Map<string, { readonly job: Job; readonly stopping: AbortController; cancel: () => void }>()

  const start = (job: Job): void => {
    const stopping = new AbortController()
    const entry = { job, stopping, cancel: () => undefined as void }
    jobs.set(job.name, entry)
    const plan = (ms: number): void => {
      entry.cancel = after(ms, () => {
        const look = once()
        running.add(look)
        void look.finally(() => running.delete(look))
      })
    }
    const once = async (): Promise<void> => {
      try {
        const outcome = await job.look(stopping.signal)
        outcomes.set(job.name, outcome)
        onOutcome(outcome)
        const nextMs = outcome.outcome === 'pending' ? Math.min(job.everyMs, againMs) : job.everyMs
        plan(nextMs * (1 - jitter * random()))
      } catch {
        // Stopped: there is no next time.
      }
    }
    plan(random() * Math.min(spreadMs, job.everyMs))
  }

  const stop = (name: string): void => {
    const entry = jobs.get(name)
    entry?.cancel()
    entry?.stopping.abort()
    jobs.delete(name)
  }

  return {
    set: (wanted) => {
      const keys = new Map(wanted.map((job) => [job.name, job.key]))
      for (const [name, { job }] of jobs) if (keys.get(name) !== job.key) stop(name)
      for (const name of outcomes.keys()) if (!keys.has(name)) outcomes.delete(name)
      for (const job of wanted) if (!jobs.has(job.name)) start(job)
    },
    outcomes,
    close: async () => {
      for (const name of jobs.keys()) stop(name)
      jobs = new Map()
      await Promise.all(running)
    },
  }
}
