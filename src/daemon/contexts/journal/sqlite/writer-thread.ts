import type { Append, ContextKey } from '../../../../core/context.ts'
import type { Annotation, CollectPolicy } from '../../../../core/journal.ts'
import { createVault } from '../../encryption/vault.ts'
import type { JournalOptions } from '../options.ts'
import { annotate } from './annotate.ts'
import { append, restore, type RipePaths, type Writer } from './append.ts'
import { createChores, removeContext } from './chores.ts'
import { Crash } from '../../failpoint.ts'
import { commitJobs, type Job } from './jobs.ts'
import { settleOutbox } from './outbox.ts'
import { type RotatePlace, rotateStep } from './rotate.ts'
import type { Replies, ThreadBody, ThreadStart } from './thread-body.ts'
import { connectWriter } from './writer-connection.ts'
import { type Packed, type Question, unpack, type Verb } from './wire.ts'

/** Changes that share a transaction at most. */
const jobsMax = 256
/** Commits after which the log is carried over. */
const checkpointCommits = 64
/** How long nobody must have written before bodies are sealed and deleted contexts purged. */
const idleMs = 100
/** Paths that may wait to be sealed; beyond them one is sealed after each commit, idle or not. */
const ripeMax = 64

type Verbs<Does> = Partial<Record<Verb, Does>>

/** The thread that writes: changes in groups as they come, everything else when nobody wants to write. */
export const createWriterThread = (
  { now, newId, ...start }: ThreadStart & JournalOptions,
  replies: Replies,
): ThreadBody => {
  const ripe: RipePaths = new Map()
  const vault = createVault(start.keys)
  const connection = connectWriter(start, ripe)
  const writer = (): Writer => ({
    now,
    newId,
    owner: start.owner,
    sql: connection.sql(),
    ripe,
    vault,
  })
  const transaction = <T>(work: (writer: Writer) => T): T => {
    const current = writer()
    try {
      return current.sql.transaction(() => work(current))
    } catch (error) {
      connection.failed(error)
      throw error
    }
  }
  const chores = createChores({ writer, transaction, ripe })
  let uncarried = 0
  const pastime = createPastime(() => {
    if (uncarried > 0) replies.note('committed')
    uncarried = 0
    return chores.step()
  })

  /** Of what goes into the transaction of a group. */
  const changes: Verbs<(writer: Writer, question: Question) => unknown> = {
    append: (writer, { args, bytes = new ArrayBuffer(0) }) => {
      const [request] = unpack<Append>([args[0] as Packed<Append>], bytes)
      return request && append(writer, request)
    },
    restore: (writer, { args, bytes = new ArrayBuffer(0) }) =>
      restore(writer, unpack<Append>(args[0] as readonly Packed<Append>[], bytes)),
    annotate: ({ sql, vault }, { args }) =>
      annotate(sql, vault, args[0] as ContextKey, args[1] as Annotation),
    delete: ({ sql }, { args }) => removeContext(sql, args[0] as ContextKey),
    rotate: ({ sql, vault }, { args }) => rotateStep(sql, vault, args[0] as RotatePlace),
    settle: ({ sql }, { args }) => settleOutbox(sql, args[0] as string, args[1] as number),
  }
  /** Of what has transactions of its own. */
  const tasks: Verbs<(question: Question) => unknown> = {
    open: () => {
      connection.sql()
      pastime.later()
    },
    recover: chores.recover,
    seal: chores.seal,
    collect: ({ args }) => chores.collect(args[0] as CollectPolicy),
    truncate: chores.truncate,
  }

  const commit = (jobs: readonly Job[]): void => {
    try {
      const error = commitJobs(connection.sql(), jobs)
      if (error !== undefined) connection.failed(error)
    } catch (error) {
      if (error instanceof Crash) throw error
      // The connection could not even be opened.
      for (const job of jobs) job.failed(error)
    }
    uncarried += 1
    if (uncarried >= checkpointCommits) {
      uncarried = 0
      replies.note('committed')
    }
    if (ripe.size > ripeMax) pastime.now()
    pastime.later()
  }
  const perform = async (task: (question: Question) => unknown, question: Question): Promise<void> => {
    try {
      replies.answer(question.id, await task(question))
    } catch (error) {
      if (error instanceof Crash) throw error
      replies.fail(question.id, error)
    }
  }

  return {
    take: (questions) => {
      let group: Job[] = []
      const flush = (): void => {
        if (group.length > 0) commit(group)
        group = []
      }
      for (const question of questions) {
        const { id, verb } = question
        const change = changes[verb]
        const task = tasks[verb]
        if (change)
          group.push({
            work: () => change(writer(), question),
            done: (answer) => replies.answer(id, answer),
            failed: (error) => replies.fail(id, error),
          })
        if (task || group.length >= jobsMax) flush()
        // A crash of the thread is an unhandled rejection, which ends it.
        if (task) void perform(task, question)
      }
      flush()
    },
    close: () => {
      pastime.close()
      try {
        chores.truncate()
      } catch {
        // Nothing is lost by a log that is carried over at the next start.
      }
      connection.close()
    },
  }
}

/** Calls `step` again and again once it has been quiet for a while, until there is nothing to do. */
const createPastime = (step: () => boolean) => {
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  const now = (): boolean => {
    try {
      return step()
    } catch (error) {
      if (error instanceof Crash) throw error
      // Such as a full disk: it is tried again after the next change.
      return false
    }
  }
  const wait = (ms: number): void => {
    clearTimeout(timer)
    if (isClosed) return
    timer = setTimeout(() => {
      if (now()) wait(0)
    }, ms)
    timer.unref()
  }
  return {
    now,
    later: (): void => wait(idleMs),
    close: (): void => {
      isClosed = true
      clearTimeout(timer)
    },
  }
}
