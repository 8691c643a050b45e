import type { Append, Appended, Turn } from '../../../core/context.ts'
import { isMcpdError } from '../../../core/errors.ts'
import type { Journal } from '../../../core/journal.ts'
import { idOf } from '../ids.ts'
import type { FixedAppend, SpoolEntry } from './entry.ts'
import type { Revisions } from './memory.ts'

/** What carrying an entry over came to. */
export interface Carried {
  /** `stored`: as the client was told; `forked`: on a head of its own; `gone`: its context was deleted meanwhile. */
  readonly outcome: 'stored' | 'forked' | 'gone'
  /** Of a fork. */
  readonly head?: string
  /** Ids that the client was told, and those that the turns have got. */
  readonly renamed: readonly (readonly [told: string, stored: string])[]
  readonly revisions?: Revisions
}

type Remote = Pick<Journal, 'append' | 'path' | 'summary'>

/** In the name of a head that keeps what was written here while another daemon went on. */
const forkPrefix = 'spool-'

/**
 * Writes an entry into PostgreSQL, as often as it takes: the second time finds what the first one has written, by its
 * key, or by its turns where the key was forgotten. Where the head is not any more where the entry goes on from, the
 * turns become a fork. Throws STORE_UNAVAILABLE, after which nothing is known.
 */
export const carry = async (remote: Remote, entry: SpoolEntry): Promise<Carried> => {
  const { append } = entry
  const first = await attempt(remote, append)
  if (first === 'missing') return fork(remote, entry, false)
  if (first.outcome === 'ok' || first.outcome === 'duplicate') return settled(entry, first, 'stored')
  if (await isThere(remote, entry)) return { outcome: 'stored', renamed: [] }
  return fork(remote, entry, first.outcome === 'refused')
}

type Attempt = Appended | { readonly outcome: 'refused' } | 'missing'

/** `refused`: the key was used for something else, or a turn with such an id is there. */
const attempt = async (remote: Remote, append: Append): Promise<Attempt> => {
  try {
    return await remote.append(append)
  } catch (error) {
    if (isMcpdError(error) && error.code === 'CONFLICT') return { outcome: 'refused' }
    if (isMcpdError(error) && error.code === 'CONTEXT_NOT_FOUND') return 'missing'
    throw error
  }
}

const settled = (
  { told }: SpoolEntry,
  { turns, revisions }: Extract<Appended, { readonly outcome: 'ok' | 'duplicate' }>,
  outcome: 'stored' | 'forked',
): Carried => ({
  outcome,
  renamed: told.flatMap(({ id }, index) => {
    const stored = turns[index]?.id
    return stored === undefined || stored === id ? [] : [[id, stored] as const]
  }),
  ...(revisions && { revisions }),
})

/** By the histories of the turns, which are equal for nothing else. */
const isThere = async (remote: Remote, { append, told, head }: SpoolEntry): Promise<boolean> => {
  const last = told.at(-1)
  if (last) {
    const found = await turnOf(remote, append, last.id)
    // Of an answer that broke off it is enough that it is closed.
    const isClosed = append.closes !== undefined && last.state === 'aborted' && found?.state !== 'streaming'
    return found !== undefined && (isClosed || isSame(found, last))
  }
  const heads = (await remote.summary(append))?.heads ?? {}
  return Object.hasOwn(heads, append.head) && heads[append.head] === head
}

const turnOf = async (remote: Remote, append: Append, id: string): Promise<Turn | undefined> =>
  (await remote.path(append, { turn: id }, { last: 1 }))?.turns.at(-1)

/** An opened turn may have been closed since. */
const isSame = (found: Turn, told: Turn): boolean =>
  told.state === 'streaming'
    ? found.parent === told.parent
    : found.state === told.state && found.chainHash === told.chainHash

/** The same turns on another head, where what they go on from is; under other ids where theirs are taken. */
const fork = async (remote: Remote, entry: SpoolEntry, isKeyUsed: boolean): Promise<Carried> => {
  const { append, told } = entry
  const { tenant, context, idempotencyKey: key, opens } = append
  const heads = (await remote.summary(append))?.heads
  // Whoever deletes a conversation does not want what is added to it later.
  if (!heads) return { outcome: 'gone', renamed: [] }
  const base = await baseOf(remote, entry)
  // Somebody else has made a context of that name, and nothing was said in this one yet.
  if (told.length === 0 && base === null) return { outcome: 'stored', renamed: [] }
  const known =
    base === null
      ? undefined
      : Object.keys(heads).find((name) => name.startsWith(forkPrefix) && heads[name] === base)
  const head = known ?? `${forkPrefix}${idOf(key)}`
  const ids = await freeIds(remote, append, told)
  const opened = opens && ids.at(-1)
  const result = await attempt(remote, {
    tenant,
    context,
    head,
    expected: known === undefined ? null : base,
    base,
    turns: append.turns.map((turn, index) => ({ ...turn, id: ids[index] ?? turn.id })),
    ...(opens && opened !== undefined && { opens: { ...opens, id: opened } }),
    idempotencyKey: isKeyUsed ? `spool ${idOf(key)}` : key,
  })
  if (result === 'missing') return { outcome: 'gone', renamed: [] }
  if (result.outcome === 'ok' || result.outcome === 'duplicate')
    return { ...settled(entry, result, 'forked'), head }
  // A fork without turns is there already; all else is another writer, and the next try sees what it did.
  if (told.length === 0 && heads[head] === base) return { outcome: 'forked', head, renamed: [] }
  throw new Error(`What was spooled for the context ${context} fits neither its head nor ${head}.`)
}

/** The turn that the entry's turns are behind; none where the conversation was deleted and begun anew. */
const baseOf = async (remote: Remote, { append, told }: SpoolEntry): Promise<string | null> => {
  const [first] = told
  const base = first ? first.parent : append.base === undefined ? append.expected : append.base
  return base !== null && (await turnOf(remote, append, base)) ? base : null
}

const freeIds = (remote: Remote, append: FixedAppend, told: readonly Turn[]): Promise<readonly string[]> =>
  Promise.all(
    told.map(async ({ id }, index) =>
      (await turnOf(remote, append, id)) ? idOf(`${append.idempotencyKey} ${index}`) : id,
    ),
  )
