import type { Append } from '../../../../core/context.ts'
import { isMcpdError } from '../../../../core/errors.ts'
import { append, type Writer } from './append.ts'
import type { Database } from './database.ts'
import type { Lease } from './lease.ts'
import { findTips, type PathTip, sealPath } from './seal.ts'

/** Paths that may wait to be sealed; more are found by the next look at all of them. */
const tipsMax = 1000

export interface Chores {
  /** After an append: a path that may have become long enough is sealed when there is time. */
  readonly noted: (tip: PathTip) => void
  /** Seals every path that is ripe. Resolves with the number of segments. */
  seal(signal?: AbortSignal): Promise<number>
  /** Aborts what daemons that are gone have left open. Resolves with the number of turns. */
  recover(): Promise<number>
  /** After another daemon has said that it goes. */
  readonly woken: () => void
  /** Stops what runs by itself, and waits for it. */
  close(): Promise<void>
}

/** What a daemon does beside answering: it renews its lease, recovers what others left, and seals, one after the other. */
export const startChores = (database: Database, lease: Lease, writer: Writer, leaseMs: number): Chores => {
  const tips = new Map<string, PathTip>()
  let isClosed = false
  let beatAtMs = performance.now()
  let running: Promise<void> | undefined

  /** Of daemons that are gone already. */
  const abortLeft = async (): Promise<number> => {
    for (let count = 0; ;) {
      const left = await lease.abandoned()
      const done = (await Promise.all(left.map((request) => abort(database, writer, request)))).filter(
        Boolean,
      )
      count += done.length
      // What others have just aborted is not there the next time; what cannot be is not tried for ever.
      if (done.length === 0) return count
    }
  }
  const recover = async (): Promise<number> => {
    await lease.expire()
    return abortLeft()
  }
  const sealTips = async (): Promise<void> => {
    for (const [name, tip] of tips) {
      if (isClosed) return
      tips.delete(name)
      // A damaged body cannot be sealed, and must not keep the others from it; fsck names it.
      await sealPath(database, writer.vault, tip).catch((error: unknown) => {
        if (!isMcpdError(error) || error.code !== 'CONTEXT_DAMAGED') throw error
      })
    }
  }
  const run = (work: () => Promise<unknown>): void => {
    if (isClosed || running) return
    running = work()
      // A server that is not there is met again by whoever asks, and by the next beat.
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => {
        running = undefined
      })
  }
  const timer = setInterval(
    () =>
      run(async () => {
        await lease.beat()
        // After the server was away for all daemons, each gets the time to say that it is there.
        const isLate = performance.now() - beatAtMs > leaseMs
        beatAtMs = performance.now()
        if (!isLate) await recover()
        await sealTips()
      }),
    leaseMs / beatsPerLease,
  )
  timer.unref()

  return {
    noted: (tip) => {
      if (tips.size < tipsMax) tips.set(`${tip.k} ${tip.turn}`, tip)
      run(sealTips)
    },
    seal: async (signal) => {
      let made = 0
      for (const tip of await findTips(database)) {
        signal?.throwIfAborted()
        made += await sealPath(database, writer.vault, tip)
      }
      return made
    },
    recover,
    woken: () => run(abortLeft),
    close: async () => {
      isClosed = true
      clearInterval(timer)
      await running
    },
  }
}

/** A daemon may miss some beats. */
const beatsPerLease = 5

const abort = async (database: Database, writer: Writer, request: Append): Promise<boolean> =>
  (await append(database, writer, request)).outcome === 'ok'
