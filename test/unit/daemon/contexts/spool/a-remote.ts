import { join } from 'node:path'
import { bodyOf } from '../../../../../src/core/canonical-json.ts'
import type { Append, ContextKey, NewTurn } from '../../../../../src/core/context.ts'
import { McpdError } from '../../../../../src/core/errors.ts'
import type {
  Journal,
  ListQuery,
  PathEnd,
  PathRange,
  SharedJournal,
} from '../../../../../src/core/journal.ts'
import { createVault, type Vault } from '../../../../../src/daemon/contexts/encryption/vault.ts'
import { newId } from '../../../../../src/daemon/contexts/ids.ts'
import { createMemoryJournal } from '../../../../../src/daemon/contexts/journal/memory.ts'
import { nameOf } from '../../../../../src/daemon/contexts/journal/memory-writer.ts'
import { createSpoolFile } from '../../../../../src/daemon/contexts/spool/spool-file.ts'
import {
  createSpoolJournal,
  type SpoolJournal,
} from '../../../../../src/daemon/contexts/spool/spool-journal.ts'

/** `lost-before` and `lost-after` break the next append off before and after it is committed. */
export type Weather = 'up' | 'down' | 'lost-before' | 'lost-after'

export interface Remote {
  readonly journal: SharedJournal
  readonly revisionsOf: (keys: readonly ContextKey[]) => Promise<ReadonlyMap<string, string>>
  set(weather: Weather): void
}

const away = () => new McpdError('STORE_UNAVAILABLE', 'It is away.')

/** A store that several daemons share, each over a line of its own that can break. */
export const createSharedStore = () => {
  const store = createMemoryJournal({ now: Date.now, newId })
  const revisions = new Map<string, number>()
  const revisionOf = (key: ContextKey): string => String(revisions.get(nameOf(key)) ?? 0)

  const connect = (): Remote => {
    let weather: Weather = 'up'
    const over =
      <Args extends readonly unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
      async (...args: Args): Promise<Result> => {
        if (weather === 'down') throw away()
        return work(...args)
      }
    const append: Journal['append'] = async (request) => {
      const now = weather
      if (now === 'lost-before' || now === 'lost-after') weather = 'down'
      if (now === 'lost-before') throw away()
      const from = revisions.has(nameOf(request)) ? revisionOf(request) : null
      const result = await store.append(request)
      if (result.outcome === 'ok') revisions.set(nameOf(request), (revisions.get(nameOf(request)) ?? 0) + 1)
      if (now === 'lost-after') throw away()
      return result.outcome === 'ok' ? { ...result, revisions: { from, to: revisionOf(request) } } : result
    }
    return {
      journal: {
        ...store,
        driver: 'fake',
        shared: true,
        append: over(append),
        path: over((key: ContextKey, end: PathEnd, range?: PathRange) => store.path(key, end, range)),
        summary: over((key: ContextKey) => store.summary(key)),
        turns: over((key: ContextKey) => store.turns(key)),
        list: over((query: ListQuery) => store.list(query)),
        findTurn: over((tenant: string, id: string) => store.findTurn(tenant, id)),
        delete: over(async (key: ContextKey) => {
          revisions.set(nameOf(key), (revisions.get(nameOf(key)) ?? 0) + 1)
          return store.delete(key)
        }),
        recover: over(() => store.recover()),
        stats: over(() => store.stats()),
        position: over(async (key: ContextKey, end: PathEnd) => {
          const path = await store.path(key, end)
          const chainHash = path?.turns.at(-1)?.chainHash ?? null
          return path && { revision: revisionOf(key), end: path.end, length: path.length, chainHash }
        }),
        close: async () => undefined,
      },
      revisionsOf: over(
        async (keys: readonly ContextKey[]) => new Map(keys.map((key) => [nameOf(key), revisionOf(key)])),
      ),
      set: (next) => {
        weather = next
      },
    }
  }
  return { store, connect }
}

export interface SpoolSettings {
  readonly maxBytes?: number
  readonly vault?: Vault
  readonly now?: () => number
}

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** A daemon's journal, whose rounds are made by the test alone. */
export const openSpool = (
  remote: Remote,
  directory: string,
  name: string,
  { maxBytes = 2 ** 30, vault = createVault(), now = () => performance.now() }: SpoolSettings = {},
): SpoolJournal =>
  createSpoolJournal({
    remote: remote.journal,
    revisionsOf: remote.revisionsOf,
    file: createSpoolFile({ path: join(directory, `${name}.db`), maxBytes, clock: Date.now, vault }),
    hotMaxBytes: 2 ** 20,
    log: quiet,
    newId,
    now,
    clock: Date.now,
    retryMs: 2 ** 30,
  })

export const turn = (content: string): NewTurn => ({ role: 'user', body: bodyOf({ role: 'user', content }) })

export const say = (
  key: ContextKey,
  expected: string | null,
  content: string,
  more: Partial<Append> = {},
): Append => ({
  ...key,
  head: 'main',
  expected,
  turns: [turn(content)],
  ...more,
})

/** The texts on the way to a head. */
export const textsOf = async (journal: Pick<Journal, 'path'>, key: ContextKey, head = 'main') =>
  (await journal.path(key, { head }))?.turns.map(
    ({ body }) => (JSON.parse(body.toString()) as { content?: string }).content ?? null,
  )
