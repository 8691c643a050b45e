import { monotonicMs } from './clock.ts'

/** Runs things at absolute times, as exactly as a thread can without spinning. */
export interface Pacer {
  /** `run` is called once, at `dueMs` of the monotonic clock or as soon after as may be. */
  at(dueMs: number, run: () => void): void
  /** What has not run never will. */
  close(): void
}

/** Timers of Node are late by up to a millisecond and a half; from here on the thread naps instead. */
const nearMs = 1.6
/** A nap keeps the event loop from its sockets, so that it is short. */
const napMs = 0.05
/** Closer than this is now: going round the event loop once more would take longer. */
const dueMs = 0.005

interface Task {
  readonly dueMs: number
  readonly run: () => void
}

export const createPacer = (): Pacer => {
  const tasks: Task[] = []
  const cell = new Int32Array(new SharedArrayBuffer(4))
  let timer: NodeJS.Timeout | undefined
  let timerDueMs = Number.POSITIVE_INFINITY
  let immediate: NodeJS.Immediate | undefined

  const turn = (): void => {
    // Whichever of the two it was that called, the other must not come as well: two chains of turns would never end.
    clearTimeout(timer)
    clearImmediate(immediate)
    timer = undefined
    immediate = undefined
    timerDueMs = Number.POSITIVE_INFINITY
    for (let next = tasks[0]; next && next.dueMs - monotonicMs() <= dueMs; next = tasks[0]) {
      removeFirst(tasks)
      next.run()
    }
    arm()
  }

  const arm = (): void => {
    const [next] = tasks
    if (!next || immediate) return
    const waitMs = next.dueMs - monotonicMs()
    if (waitMs > nearMs) {
      // A timer that is set for something sooner will look again.
      if (timer && timerDueMs <= next.dueMs) return
      clearTimeout(timer)
      timer = setTimeout(turn, Math.max(1, Math.floor(waitMs - nearMs)))
      timerDueMs = next.dueMs
      return
    }
    clearTimeout(timer)
    timer = undefined
    if (waitMs > dueMs) Atomics.wait(cell, 0, 0, Math.min(waitMs, napMs))
    immediate = setImmediate(turn)
  }

  return {
    at: (dueMs, run) => {
      insert(tasks, { dueMs, run })
      // Inside of `turn` its own arm() follows; a nap here would hold up whoever calls.
      if (!immediate) immediate = setImmediate(turn)
    },
    close: () => {
      tasks.length = 0
      clearTimeout(timer)
      clearImmediate(immediate)
    },
  }
}

// A binary heap: the soonest task is the first.

const insert = (heap: Task[], task: Task): void => {
  let at = heap.push(task) - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (heap[parent]!.dueMs <= task.dueMs) break
    heap[at] = heap[parent]!
    at = parent
  }
  heap[at] = task
}

const removeFirst = (heap: Task[]): void => {
  const last = heap.pop()!
  const { length } = heap
  if (length === 0) return
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= length) break
    if (child + 1 < length && heap[child + 1]!.dueMs < heap[child]!.dueMs) child += 1
    if (heap[child]!.dueMs >= last.dueMs) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = last
}
