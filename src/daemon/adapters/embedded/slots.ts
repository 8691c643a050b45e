import { McpdError } from '../../../core/errors.ts'

export interface Slots {
  /** Resolves with what gives the slot back. Throws QUEUE_FULL, or the signal's reason. First come, first served. */
  acquire(signal: AbortSignal): Promise<() => void>
}

/** `count` slots and a line of at most `queueMax` who wait for one. */
export const createSlots = (count: number, queueMax: number): Slots => {
  let free = count
  const line: (() => void)[] = []

  /** Gives its slot back once, however often it is called. */
  const lease = (): (() => void) => {
    let held = true
    return () => {
      if (!held) return
      held = false
      const next = line.shift()
      if (next) next()
      else free++
    }
  }

  const acquire = async (signal: AbortSignal): Promise<() => void> => {
    signal.throwIfAborted()
    if (free > 0) {
      free--
      return lease()
    }
    if (line.length >= queueMax)
      throw new McpdError('QUEUE_FULL', `The embedded runtime has ${queueMax} requests waiting already.`, {
        suggestions: ['Try again later, or raise `parallel` of the backend.'],
      })
    return new Promise((resolve, reject) => {
      const take = () => {
        signal.removeEventListener('abort', leave)
        resolve(lease())
      }
      const leave = () => {
        line.splice(line.indexOf(take), 1)
        reject(signal.reason)
      }
      line.push(take)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  return { acquire }
}
