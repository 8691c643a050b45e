import type { Append, Appended, ContextKey } from '../../../core/context.ts'
import { nameOf } from '../ids.ts'
import { applyAppend, type KnownContext, noContext, unknownContext } from './known-context.ts'
import { createRemembered } from './remembered.ts'

export type Revisions = Extract<Appended, { readonly outcome: 'ok' | 'duplicate' }>['revisions']

/** What a daemon remembers of contexts that it uses, the last used first, within a number of bytes. */
export interface Memory {
  get(key: ContextKey): KnownContext | undefined
  /** Also after it was changed. */
  set(context: KnownContext): void
  /** A context that is not there yet. */
  made(key: ContextKey): KnownContext
  drop(key: ContextKey): void
  /** Before something is read: what is to be learned from it, or not any more. */
  reading(key: ContextKey): (learn: (context: KnownContext) => boolean) => void
  /** Before an append, which ends with what became of it: undefined where that is not known. */
  appending(request: Append): (result: Appended | undefined) => void
  /** Its appends were carried over one after the other, at these revisions; forgotten where others wrote in between. */
  settled(key: ContextKey, revisions: readonly Revisions[], atMs: number): void
  /** Whether it was held at a time. */
  isHeld(key: ContextKey, atMs: number): boolean
  held(): readonly ContextKey[]
  /** Some that are held, and of which something may not be known. */
  unfilled(max: number): readonly KnownContext[]
  filled(context: KnownContext): void
  /** Before the revisions of what is held are asked for, but of what `isBusy`; a context that is gone has none. */
  checking(isBusy: (key: ContextKey) => boolean): (revisions: ReadonlyMap<string, string>) => void
  contexts(): Iterable<KnownContext>
}

export interface MemoryOptions {
  readonly maxBytes: number
  readonly leaseMs: number
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Unix milliseconds. */
  readonly clock: () => number
}

export const createMemory = ({ maxBytes, leaseMs, now, clock }: MemoryOptions): Memory => {
  const { all, nextVersion, put, change, drop } = createRemembered(maxBytes, now)

  return {
    get: (key) => {
      const found = all.get(nameOf(key))
      return found && change(found, (context) => context)
    },
    set: (context) => {
      const found = all.get(nameOf(context))
      const each = found?.context === context ? found : put(context)
      each.version = nextVersion()
      change(each, () => undefined)
    },
    made: (key) => noContext(key, clock()),
    drop: (key) => drop(nameOf(key)),
    reading: (key) => {
      const name = nameOf(key)
      const { version } = all.get(name) ?? {}
      return (learn) => {
        const found = all.get(name)
        if (found?.version !== version) return
        if (found && change(found, learn)) return
        // What was known is out of date: what was read now is all that is known.
        change(put(unknownContext(key)), learn)
      }
    },
    appending: (request) => {
      const name = nameOf(request)
      const before = all.get(name)
      if (before) before.version = nextVersion()
      const startedMs = now()
      return (result) => {
        const found = all.get(name)
        if (found) found.version = nextVersion()
        if (!result) return drop(name)
        // Who expected something else has not heard of what another daemon did.
        if (result.outcome === 'conflict' && found?.context.heads.get(request.head) !== result.head)
          drop(name)
        if (result.outcome !== 'ok') return
        const { revisions } = result
        const follows =
          found?.revision === undefined
            ? startedMs - (found?.readAtMs ?? -Infinity) <= leaseMs
            : found.revision === revisions?.from
        const each = found && follows ? found : put(begun(request, revisions?.from, clock()))
        change(each, (context) => applyAppend(context, request, result, clock()))
        if (revisions) Object.assign(each, { revision: revisions.to, heldAtMs: startedMs })
      }
    },
    settled: (key, revisions, atMs) => {
      const found = all.get(nameOf(key))
      let revision: string | null | undefined = found?.revision ?? null
      for (const each of revisions) revision = each && each.from === revision ? each.to : undefined
      if (!found || !revision) drop(nameOf(key))
      else Object.assign(found, { version: nextVersion(), revision, heldAtMs: atMs })
    },
    isHeld: (key, atMs) => {
      const { heldAtMs } = all.get(nameOf(key)) ?? {}
      return heldAtMs !== undefined && atMs - heldAtMs <= leaseMs
    },
    held: () =>
      [...all.values()].flatMap(({ heldAtMs, context }) => (heldAtMs === undefined ? [] : [context])),
    unfilled: (max) => {
      const found: KnownContext[] = []
      for (const { heldAtMs, isFilled, context } of all.values())
        if (found.length < max && heldAtMs !== undefined && !isFilled && !context.isWhole) found.push(context)
      return found
    },
    filled: (context) => {
      const found = all.get(nameOf(context))
      if (found?.context === context) found.isFilled = true
    },
    checking: (isBusy) => {
      const startedMs = now()
      const asked = [...all].flatMap(([name, each]) =>
        each.revision === undefined ? [] : [{ name, each, version: each.version }],
      )
      return (revisions) => {
        for (const { name, each, version } of asked) {
          if (all.get(name) !== each || each.version !== version || isBusy(each.context)) continue
          if (revisions.get(name) === each.revision) each.heldAtMs = startedMs
          else drop(name)
        }
      }
    },
    contexts: () => [...all.values()].map(({ context }) => context),
  }
}

/** A context whose append is the first that is known of it: all of it where it was made by that. */
const begun = (request: Append, from: string | null | undefined, at: number): KnownContext =>
  from === null ? noContext(request, at) : unknownContext(request)
