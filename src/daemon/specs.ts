import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../core/config.ts'
import type { SpecSource } from '../core/spec-config.ts'
import { type CrawlOutcome, hasFailed } from '../crawler/outcome.ts'
import { createSchedule, defaultAfter, type Job, type ScheduleOptions } from '../crawler/schedule.ts'
import { openStore, type SpecStore } from '../crawler/snapshots/store.ts'
import { createHostLimit } from '../crawler/sources/host-limit.ts'

/** The specs of the daemon: those with `every` are looked at by themselves, all can be asked about. */
export interface Specs {
  readonly store: SpecStore
  readonly config: () => Config
  /** Of the daemon's own looks, by spec. */
  readonly outcomes: ReadonlyMap<string, CrawlOutcome>
  /** Puts the sources of another config in force. */
  apply(config: Config): void
  close(): Promise<void>
}

export interface SpecsOptions {
  readonly log: Logger
  readonly schedule?: Partial<Pick<ScheduleOptions, 'random' | 'after'>>
}

const perHostMax = 2

export const startSpecs = (initial: Config, { log, schedule: injected }: SpecsOptions): Specs => {
  let config = initial
  const limit = createHostLimit(perHostMax)
  // Where it is holds until the next start, like the state directory.
  const store = openStore({
    path: initial.specs.store,
    fingerprintOf: async (raw, { source }) => {
      const { readDocument } = await import('../crawler/document.ts')
      return readDocument(raw, source, { origin: source }).facts.fingerprint
    },
  })
  const schedule = createSchedule({
    random: Math.random,
    after: defaultAfter,
    ...injected,
    onOutcome: (outcome) => logOutcome(log, outcome),
  })

  const jobOf = (spec: SpecSource, everyMs: number): Job => {
    const { backends, stateDir } = config
    return {
      name: spec.name,
      everyMs,
      key: JSON.stringify([
        spec,
        backends.filter(({ name }) => 'backend' in spec.origin && name === spec.origin.backend),
      ]),
      look: async (signal) => {
        // What reads documents is a third of the daemon's code, and many daemons watch none.
        const [{ crawlSpec }, { openSource }] = await Promise.all([
          import('../crawler/crawl.ts'),
          import('../crawler/sources/open.ts'),
        ])
        const open = () => openSource(spec, { limit, cacheDir: join(stateDir, 'git'), backends })
        return crawlSpec(
          { name: spec.name, open, sizeMaxBytes: spec.sizeMaxBytes },
          { store, signal, sightings: 2 },
        )
      },
    }
  }

  const apply = (next: Config): void => {
    config = next
    schedule.set(
      next.specs.sources.flatMap((spec) => (spec.everyMs === undefined ? [] : [jobOf(spec, spec.everyMs)])),
    )
  }
  apply(initial)

  return { store, config: () => config, outcomes: schedule.outcomes, apply, close: () => schedule.close() }
}

const logOutcome = (log: Logger, outcome: CrawlOutcome): void => {
  const { name, version, problem, source, tookMs } = outcome
  const fields = {
    spec: name,
    outcome: outcome.outcome,
    source,
    tookMs,
    ...(version && { version: version.number }),
  }
  if (hasFailed(outcome)) log.warn({ ...fields, problem: problem?.message }, 'a spec could not be fetched')
  else if (outcome.stored > 0 || outcome.outcome === 'pending') log.info(fields, 'a spec has changed')
  else log.debug(fields, 'a spec was looked at')
}
