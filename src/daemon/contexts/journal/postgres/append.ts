import type { Append, Appended, ContextKey, StoredTurn } from '../../../../core/context.ts'
import type { Cipher, Vault } from '../../encryption/vault.ts'
import {
  type AppendPlan,
  fingerprintOf,
  keyReused,
  planAppend,
  type PlanOptions,
  turnsOf,
  withoutBody,
} from '../plan.ts'
import { contradicts, existsAlready } from '../refusals.ts'
import { hashText } from '../sqlite/rows.ts'
import type { Sql } from './database.ts'
import { unavailable } from './failure.ts'
import { isTaken, type Submit } from './group.ts'
import { type Known, readKnown, type Recollection } from './known.ts'
import { type RevisionRow, revisionOf } from './position.ts'
import type { PathTip } from './seal.ts'
import { type Change, fingerprintPlace, writeChanges } from './write.ts'

/** Of a daemon that writes. */
export interface Writer {
  readonly newId: PlanOptions['newId']
  /** Unix milliseconds. */
  readonly now: () => number
  /** Names the run of this daemon in the turns that it opens. */
  readonly fence: () => number
  /** Called with a path that may have become long enough to be sealed. */
  readonly ripened: (tip: PathTip) => void
  readonly vault: Vault
  /** Writes a change of a context that is there, with others at once; absent: by itself. */
  readonly submit?: Submit<Change, RevisionRow>
  readonly recollection?: Recollection
  /** Brings an archived context back; absent: it is never archived where this writes. */
  readonly thaw?: (key: ContextKey) => Promise<boolean>
}

/** So often an append is planned anew because another daemon was faster. */
const attemptsMax = 100

/**
 * Does what `Journal.append` says: reads what there is in one statement, unless this daemon remembers it, and writes in
 * another one, which does nothing if the context has changed in between.
 */
export const append = async (sql: Sql, writer: Writer, request: Append): Promise<Appended> => {
  const { recollection, vault } = writer
  const cipher = vault.of(keyOf(request))
  const recalled = recollection?.recall(request)
  if (recalled) {
    const appended = await appendRecalled(sql, writer, request, recalled)
    if (appended) return appended
    recollection?.forget(request)
  }
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const known = await readKnown(sql, cipher, request)
    if (known?.archived && (await writer.thaw?.(keyOf(request)))) continue
    const repeated = known?.used && repeatedOf(cipher, request, known, known.used)
    if (repeated) return repeated
    const plan = planOf(writer, request, known)
    if (plan.outcome === 'conflict') return plan
    const appended = await write(sql, writer, { request, plan, ...(known && { known }) })
    if (appended) return appended
  }
  throw unavailable('too many write to the same context')
}

const keyOf = ({ tenant, context }: Append): ContextKey => ({ tenant, context })

/** Undefined where what is remembered may be out of date, so that nothing follows from it. */
const appendRecalled = async (
  sql: Sql,
  writer: Writer,
  request: Append,
  known: Known,
): Promise<Appended | undefined> => {
  let plan: AppendPlan
  try {
    plan = planOf(writer, request, known)
  } catch {
    return undefined
  }
  if (plan.outcome === 'conflict') return undefined
  try {
    return await write(sql, writer, { request, plan, known })
  } catch (error) {
    // An idempotency key that was used, or an id: whoever reads will see what of.
    if (isTaken(error)) return undefined
    throw error
  }
}

const planOf = ({ now, newId }: Writer, request: Append, known: Known | undefined): AppendPlan =>
  planAppend(
    request,
    {
      exists: known !== undefined,
      head: known?.headExists ? known.head : undefined,
      turn: (id) => known?.turns.get(id),
    },
    { now: now(), newId },
  )

const write = async (sql: Sql, writer: Writer, change: Change): Promise<Appended | undefined> => {
  const { request, plan, known } = change
  const submit = known && writer.submit
  const now = submit
    ? await submit(change)
    : (await writeChanges(sql, writer.vault, writer.fence(), [change]))[0]
  if (!now) return undefined
  writer.recollection?.learn(request, known?.turns ?? new Map(), plan, now)
  const turns = turnsOf(plan)
  if (isRipe(turns)) writer.ripened({ k: now.k, turn: turns.at(-1)?.id ?? '' })
  const revisions = { from: known ? revisionOf(known) : null, to: revisionOf(now) }
  return { outcome: 'ok', head: plan.head, turns: turns.map(withoutBody), revisions }
}

/** Paths are looked at when they get past so many places, or with so many bytes at once. */
const lookEveryTurns = 16
const lookBytes = 16 * 1024

const isRipe = (turns: readonly StoredTurn[]): boolean => {
  const [first] = turns
  const last = turns.at(-1)
  if (!first || !last) return false
  const places = Math.floor(last.seq / lookEveryTurns) - Math.floor((first.seq - 1) / lookEveryTurns)
  return places > 0 || turns.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0) >= lookBytes
}

/** Does what `Journal.restore` says. In a transaction, which an error must undo. */
export const restore = async (sql: Sql, writer: Writer, appends: readonly Append[]): Promise<void> => {
  const [first] = appends
  if (!first) return
  if (await readKnown(sql, writer.vault.of(keyOf(first)), first)) throw existsAlready(first)
  for (const request of appends)
    if ((await append(sql, writer, request)).outcome !== 'ok') throw contradicts(first)
}

const repeatedOf = (
  cipher: Cipher,
  request: Append,
  known: Known,
  used: NonNullable<Known['used']>,
): Appended => {
  if (hashText(cipher.open(fingerprintPlace, used.fingerprint)) !== fingerprintOf(request))
    throw keyReused(request)
  return {
    outcome: 'duplicate',
    head: used.head,
    turns: used.turns.flatMap((id) => known.turns.get(id) ?? []),
  }
}
