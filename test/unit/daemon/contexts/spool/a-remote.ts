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
import { nameOf } from '../../../../../src/daemon/contexts/ids.ts'
import type { ThreadClient } from '../../../../../src/daemon/contexts/journal/sqlite/thread-client.ts'
import { createSpoolFile, spoolThreadStart } from '../../../../../src/daemon/contexts/spool/spool-file.ts'
import { createSpoolThread } from '../../../../../src/daemon/contexts/spool/spool-thread.ts'
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
  /** Answers that are being written, and over which line. */
  const open = new Map<string, { readonly closing: Append; readonly line: object }>()
  const revisionOf = (key: ContextKey): string => String(revisions.get(nameOf(key)) ?? 0)

  const connect = (): Remote => {
    let weather: Weather = 'up'
    const line = {}
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
      if (request.closes !== undefined && result.outcome === 'ok') open.delete(request.closes)
      if (request.opens) open.set(request.opens.id, { closing: aborting(request, request.opens.id), line })
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
        recover: over(async () => {
          const left = [...open].filter(([, each]) => each.line !== line)
          for (const [id, { closing }] of left) {
            open.delete(id)
            await store.append(closing)
          }
          return left.length
        }),
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

const aborting = ({ tenant, context, head }: Append, id: string): Append => ({
  tenant,
  context,
  head,
  expected: '*',
  closes: id,
  turns: [{ role: 'assistant', body: bodyOf({ role: 'assistant', content: null }), state: 'aborted' }],
})

export interface SpoolSettings {
  readonly hotMaxBytes?: number
  readonly maxBytes?: number
  readonly vault?: Vault
  readonly now?: () => number
}

/** The thread of a spool without a thread, for tests that open many. */
const threadHere = (path: string): ThreadClient => {
  const answers = new Map<number, (answer: { answer: never; bytes: ArrayBuffer }) => void>()
  const failures = new Map<number, (error: unknown) => void>()
  const body = createSpoolThread(spoolThreadStart(path), {
    answer: (id, answer, bytes = new ArrayBuffer(0)) => answers.get(id)?.({ answer: answer as never, bytes }),
    fail: (id, error) => failures.get(id)?.(error),
    note: () => undefined,
  })
  let last = 0
  let isClosed = false
  return {
    ask: (verb, args, bytes) =>
      new Promise((resolve, reject) => {
        const id = (last += 1)
        answers.set(id, resolve)
        failures.set(id, reject)
        body.take([{ id, verb, args, ...(bytes && { bytes }) }])
      }),
    close: async () => {
      if (!isClosed) body.close()
      isClosed = true
    },
  }
}

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** A daemon's journal, whose rounds are made by the test alone. */
export const openSpool = (
  remote: Remote,
  directory: string,
  name: string,
  {
    hotMaxBytes = 2 ** 20,
    maxBytes = 2 ** 30,
    vault = createVault(),
    now = () => performance.now(),
  }: SpoolSettings = {},
): SpoolJournal => {
  const path = join(directory, `${name}.db`)
  return createSpoolJournal({
    remote: remote.journal,
    revisionsOf: remote.revisionsOf,
    file: createSpoolFile({ path, maxBytes, clock: Date.now, vault, thread: threadHere(path) }),
    hotMaxBytes,
    log: quiet,
    newId,
    now,
    clock: Date.now,
    retryMs: 2 ** 30,
  })
}

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
