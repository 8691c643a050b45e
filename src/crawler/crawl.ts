import { isMcpdError, McpdError, toMcpdError } from '../core/errors.ts'
import type { Json } from '../openapi/json.ts'
import type { CrawlOptions, CrawlOutcome, CrawlTask, OutcomeKind } from './outcome.ts'
import { operationsOf, type ReadDocument, readDocument } from './document.ts'
import type { Draft, SpecRecords } from './snapshots/store.ts'
import type { Version } from './snapshots/version.ts'
import { importHistory } from './import-history.ts'
import type { Found } from './sources/source.ts'
import { pageProblem, shrinkProblem } from './suspect.ts'

/** Looks at one spec and stores what is new. Throws only when the signal aborts. */
export const crawlSpec = async (task: CrawlTask, options: CrawlOptions): Promise<CrawlOutcome> => {
  const now = options.now ?? Date.now
  const startedMs = now()
  const records = options.store.spec(task.name)
  let location = ''
  const ended = (outcome: OutcomeKind, rest: Partial<CrawlOutcome> = {}): CrawlOutcome => ({
    name: task.name,
    outcome,
    source: location,
    stored: 0,
    skipped: 0,
    ...rest,
    tookMs: now() - startedMs,
  })
  try {
    const source = task.open()
    location = source.location
    if (options.history && source.history) {
      const { written, skipped, version } = await importHistory(
        records,
        source.history(options.signal),
        task,
        options,
      )
      await records.touch(now())
      const outcome = written.length === 0 ? 'unchanged' : written[0]?.number === 1 ? 'first' : 'changed'
      return ended(outcome, { stored: written.length, skipped, ...(version && { version }) })
    }
    const newest = (await records.versions()).at(-1)
    const fetched = await source.fetch(newest && (await records.memory()), options.signal)
    if (fetched.kind === 'nothing') return ended('nothing', nothingProblem(task, location, fetched.tried))
    if (fetched.kind === 'unchanged') {
      // What was pending was a passing state.
      if (options.sightings === 2) await records.setPending(undefined)
      await records.touch(now())
      return ended('unchanged', newest && { version: newest })
    }
    location = fetched.location
    return ended(...(await keep(records, newest, fetched, task, options)))
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason
    return ended('failed', problemOf(error))
  }
}

const keep = async (
  records: SpecRecords,
  newest: Version | undefined,
  found: Found,
  task: CrawlTask,
  { signal, trust, sightings = 1, now = Date.now }: CrawlOptions,
): Promise<[OutcomeKind, Partial<CrawlOutcome>]> => {
  const page = pageProblem(found)
  if (page !== undefined) return ['suspect', suspicion(page)]
  const document = readDocument(found.raw, found.location, {
    sizeMaxBytes: task.sizeMaxBytes,
    origin: found.location,
  })
  const shrink = newest && !trust ? shrinkProblem(document.facts.operations, newest.operations) : undefined
  if (shrink !== undefined)
    return ['suspect', { ...suspicion(`${task.name}: ${shrink}`), ...(newest && { version: newest }) }]
  if (sightings > 1 && newest && (await isFirstSighting(records, newest, document, now)))
    return ['pending', { version: newest }]
  const written = await records.add([toDraft(found, document)], signal)
  if (sightings > 1) await records.setPending(undefined)
  await remember(records, found, now())
  const [version = newest] = written
  const outcome = written.length === 0 ? 'unchanged' : newest ? 'changed' : 'first'
  return [outcome, { stored: written.length, ...(version && { version }) }]
}

const toDraft = (found: Found, { facts, canonical }: ReadDocument): Draft => ({
  facts: { ...facts, source: found.location, ...(found.commit && { commit: found.commit }) },
  raw: found.raw,
  canonical,
})

/** Writes only what is new: an unchanged document leaves the store as it was. */
const remember = async (records: SpecRecords, { memory }: Found, nowMs: number): Promise<void> => {
  if (!memory) return
  const known = await records.memory()
  if (JSON.stringify(known) !== JSON.stringify(memory)) await records.remember(memory)
  await records.touch(nowMs)
}

/** A server that is being restarted may serve half of its document once. */
const isFirstSighting = async (
  records: SpecRecords,
  newest: Version,
  { facts, operations }: ReadDocument,
  now: () => number,
): Promise<boolean> => {
  if (facts.fingerprint === newest.fingerprint) return false
  const kept = new Set(operations)
  const before = operationsOf(JSON.parse(await records.canonical(newest)) as Json)
  const removed = before.filter((operation) => !kept.has(operation))
  if (removed.length === 0) return false
  const pending = await records.pending()
  if (pending?.fingerprint === facts.fingerprint) return false
  await records.setPending({ fingerprint: facts.fingerprint, since: new Date(now()).toISOString(), removed })
  return true
}

const suspicion = (why: string): Pick<CrawlOutcome, 'problem'> =>
  problemOf(
    new McpdError('SOURCE_FAILED', `${why}; nothing was stored.`, {
      suggestions: ['If the API really is like this now: mcpd crawl NAME --trust'],
    }),
  )

const nothingProblem = (task: CrawlTask, location: string, tried: readonly string[]): Partial<CrawlOutcome> =>
  task.mayBeNothing
    ? {}
    : problemOf(
        new McpdError(
          'SOURCE_FAILED',
          `${location} serves no OpenAPI document at any of ${tried.length} usual places.`,
          {
            suggestions: ['Give the full address of the document.'],
          },
        ),
      )

const problemOf = (error: unknown): Required<Pick<CrawlOutcome, 'problem'>> => {
  const { code, message, details } = isMcpdError(error)
    ? error
    : new McpdError('INTERNAL', `This is a bug in mcpd: ${(error as Error).message}`, {}, toMcpdError(error))
  return { problem: { code, message, suggestions: details.suggestions ?? [] } }
}

const atOnceMax = 12

/** Looks at all of them, a dozen at a time, and tells of each as it ends. Outcomes are in the order of the tasks. */
export const crawlAll = async (
  tasks: readonly CrawlTask[],
  options: CrawlOptions,
  onOutcome: (outcome: CrawlOutcome, ended: number) => void = () => undefined,
): Promise<readonly CrawlOutcome[]> => {
  const outcomes: CrawlOutcome[] = []
  const waiting = tasks.entries()
  let ended = 0
  const work = async (): Promise<void> => {
    for (const [index, task] of waiting) {
      const outcome = await crawlSpec(task, options)
      outcomes[index] = outcome
      onOutcome(outcome, (ended += 1))
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnceMax, tasks.length) }, work))
  return outcomes
}
