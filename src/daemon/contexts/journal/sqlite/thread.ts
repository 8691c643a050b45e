import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { newId } from '../../ids.ts'
import { storeError } from './failure.ts'
import { createReaderThread } from './reader-thread.ts'
import type { Replies, ThreadStart } from './thread-body.ts'
import type { Answer, Question } from './wire.ts'
import { createWriterThread } from './writer-thread.ts'
import { createSpoolThread } from '../../spool/spool-thread.ts'

const run = (port: MessagePort, start: ThreadStart): void => {
  const post = (message: Answer, transfer: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, [...transfer])
  const replies: Replies = {
    answer: (id, answer, bytes) =>
      post({ id, answer, ...(bytes && { bytes }) }, bytes === undefined ? [] : [bytes]),
    fail: (id, thrown) => {
      const { code, message, details, cause } = storeError(thrown)
      const { stack } = (cause ?? {}) as { stack?: string }
      post({ id, error: { code, message, details, ...(stack !== undefined && { stack }) } })
    },
    note: (note) => post({ note }),
  }
  const options = { ...start, now: Date.now, newId }
  const body = {
    writer: createWriterThread,
    reader: createReaderThread,
    spool: createSpoolThread,
  }[start.role](options, replies)
  port.on('message', (first: Question | 'close') => {
    const questions: Question[] = []
    let isClosing = false
    for (let message: Question | 'close' | undefined = first; message !== undefined;) {
      if (message === 'close') isClosing = true
      else questions.push(message)
      message = receiveMessageOnPort(port)?.message
    }
    body.take(questions)
    if (!isClosing) return
    body.close()
    port.close()
  })
}

if (parentPort) run(parentPort, workerData as ThreadStart)
