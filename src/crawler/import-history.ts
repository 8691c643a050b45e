import { isMcpdError } from '../core/errors.ts'
import type { CrawlOptions, CrawlTask } from './outcome.ts'
import { readDocument } from './document.ts'
import type { Draft, SpecRecords } from './snapshots/store.ts'
import type { Commit, Memory, Version } from './snapshots/version.ts'
import type { Found } from './sources/source.ts'

/** Documents that are read before they are written together. */
const batchMax = 50

export interface ImportedHistory {
  readonly written: readonly Version[]
  /** Versions that are no OpenAPI documents, such as one with an error in it. */
  readonly skipped: number
  readonly version: Version | undefined
}

/** Stores every version of a history that is not there yet, at the time of its commit. */
export const importHistory = async (
  records: SpecRecords,
  history: AsyncIterable<Found & { readonly commit: Commit }>,
  task: CrawlTask,
  { signal }: CrawlOptions,
): Promise<ImportedHistory> => {
  const known = new Set((await records.versions()).map(({ commit }) => commit?.id))
  const written: Version[] = []
  let drafts: Draft[] = []
  let skipped = 0
  let lastMs = Number.NEGATIVE_INFINITY
  let memory: Memory | undefined
  const flush = async (): Promise<void> => {
    written.push(...(await records.add(drafts, signal)))
    drafts = []
  }
  for await (const found of history) {
    memory = found.memory
    // Clocks of committers differ and a rebase gives many commits one time; their order is what counts.
    lastMs = Math.max(Date.parse(found.commit.date), lastMs + 1)
    if (known.has(found.commit.id)) continue
    try {
      const { facts, canonical } = readDocument(found.raw, found.location, {
        sizeMaxBytes: task.sizeMaxBytes,
      })
      const { location: source, commit, raw } = found
      const time = new Date(lastMs).toISOString()
      drafts.push({ facts: { ...facts, source, commit }, raw, canonical, time })
    } catch (error) {
      if (!isMcpdError(error)) throw error
      skipped += 1
    }
    if (drafts.length >= batchMax) await flush()
  }
  await flush()
  if (memory && JSON.stringify(await records.memory()) !== JSON.stringify(memory))
    await records.remember(memory)
  return { written, skipped, version: (await records.versions()).at(-1) }
}
