import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { McpdError } from '../../../../core/errors.ts'
import type { ThreadStart } from './thread-body.ts'
import type { Answer, Question, Verb, Verbs, WireError } from './wire.ts'

/** A thread of a store: asked by verbs, started anew by the next question after it has ended. */
export interface ThreadClient {
  /** Answers come in the order of the thread. Throws STORE_UNAVAILABLE when it ends before it has answered. */
  ask<Name extends Verb>(
    verb: Name,
    args: Verbs[Name]['args'],
    bytes?: ArrayBuffer,
  ): Promise<{ readonly answer: Verbs[Name]['answer']; readonly bytes: ArrayBuffer }>
  /** Waits for what was asked. */
  close(): Promise<void>
}

interface Waiting {
  readonly timer?: NodeJS.Timeout
  readonly resolve: (value: { readonly answer: never; readonly bytes: ArrayBuffer }) => void
  readonly reject: (error: McpdError) => void
}

/** How long one waits for an answer; what was asked may be done all the same. */
const answerMaxMs = 60_000
/** These take as long as there is something to do. */
const unlimited: readonly Verb[] = ['collect', 'seal', 'keys', 'fsck', 'sweep', 'restore', 'recover']

/** Questions that may wait for a thread. */
const waitingMax = 10_000

const entry = new URL(`./thread${extname(import.meta.url)}`, import.meta.url)
const noBytes = new ArrayBuffer(0)

/** `committed` is called when the writer has written so much that the reader has something to do. */
export const createThreadClient = (start: ThreadStart, committed: () => void): ThreadClient => {
  const waiting = new Map<number, Waiting>()
  let worker: Worker | undefined
  let lastId = 0
  let isClosed = false

  const settled = (id: number): Waiting | undefined => {
    const asker = waiting.get(id)
    waiting.delete(id)
    clearTimeout(asker?.timer)
    // A store that nobody waits for keeps no process alive.
    if (waiting.size === 0) worker?.unref()
    return asker
  }
  const receive = (message: Answer): void => {
    if ('note' in message) return committed()
    const asker = settled(message.id)
    if ('error' in message) return asker?.reject(fromWire(message.error))
    // The verb that was asked decides what the answer is.
    return asker?.resolve({ answer: message.answer as never, bytes: message.bytes ?? noBytes })
  }
  const ended = (self: Worker, cause: unknown): void => {
    if (worker !== self) return
    worker = undefined
    for (const id of waiting.keys()) settled(id)?.reject(lost(cause))
  }
  const spawn = (): Worker => {
    const self = new Worker(entry, { workerData: start, name: `contexts-${start.role}` })
    self.on('message', receive)
    self.on('error', (error) => ended(self, error))
    self.on('exit', (code) => ended(self, new Error(`The thread ended with ${code}.`)))
    self.unref()
    return self
  }
  return {
    ask: (verb, args, bytes) =>
      new Promise((resolve, reject) => {
        if (isClosed) throw new McpdError('STORE_UNAVAILABLE', 'The store of contexts is closed.')
        if (waiting.size >= waitingMax)
          throw new McpdError('STORE_UNAVAILABLE', 'Too many requests wait for the store of contexts.', {
            retryAfterSeconds: 1,
          })
        worker ??= spawn()
        lastId += 1
        const id = lastId
        const timer = unlimited.includes(verb)
          ? undefined
          : setTimeout(() => settled(id)?.reject(late()), answerMaxMs)
        waiting.set(id, { resolve, reject, ...(timer && { timer }) })
        const question: Question = { id, verb, args, ...(bytes && { bytes }) }
        worker.ref()
        worker.postMessage(question, bytes ? [bytes] : [])
      }),
    close: async () => {
      if (isClosed) return
      isClosed = true
      const self = worker
      if (!self) return
      const gone = new Promise<void>((resolve) => self.once('exit', () => resolve()))
      self.ref()
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      self.postMessage('close')
      await gone
    },
  }
}

const fromWire = ({ code, message, details, stack }: WireError): McpdError =>
  new McpdError(code, message, details, stack === undefined ? undefined : new Error(stack))

const late = (): McpdError =>
  new McpdError(
    'STORE_UNAVAILABLE',
    `The store of contexts did not answer within ${answerMaxMs / 1000} seconds; whether a change was written is not known.`,
    {
      retryAfterSeconds: 5,
      suggestions: ['Look at the disk. A repeat with the same idempotency key is safe.'],
    },
  )

const lost = (cause: unknown): McpdError =>
  new McpdError(
    'STORE_UNAVAILABLE',
    'The thread of the store of contexts has ended; whether the change was written is not known.',
    {
      retryAfterSeconds: 1,
      suggestions: ['Repeat it with the same idempotency key: it is written once, whatever happened.'],
    },
    cause,
  )
