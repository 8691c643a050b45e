import type { ServerResponse } from 'node:http'

/** Writes a stream in as few `write()`s as there are ticks, and says when the client has to be waited for. */
export interface StreamWriter {
  write(bytes: Buffer): void
  /** Undefined while the socket takes more; else resolves when it does, when the client is gone, or at the abort. */
  blocked(signal: AbortSignal): Promise<void> | undefined
  /** Writes what is left and ends the response; cuts off a client that does not take what it was sent. */
  cut(): void
  /** Writes what is left and ends the response, if that has not been done. */
  end(): void
}

export const createStreamWriter = (response: ServerResponse): StreamWriter => {
  let held: Buffer[] = []
  let scheduled = false
  let full = false

  const flush = (): void => {
    scheduled = false
    if (held.length === 0 || response.destroyed) return
    const bytes = held.length === 1 ? held[0]! : Buffer.concat(held)
    held = []
    full = !response.write(bytes)
  }

  return {
    write(bytes) {
      held.push(bytes)
      if (scheduled) return
      scheduled = true
      // A next tick runs after all microtasks, so every event decoded from one socket read is in one write.
      process.nextTick(flush)
    },
    blocked(signal) {
      if (!full || response.destroyed || signal.aborted) return undefined
      return new Promise((resolve) => {
        const done = (): void => {
          full = response.writableNeedDrain
          response.off('drain', done)
          response.off('close', done)
          signal.removeEventListener('abort', done)
          resolve()
        }
        response.once('drain', done)
        response.once('close', done)
        signal.addEventListener('abort', done, { once: true })
      })
    },
    cut() {
      flush()
      if (full) response.destroy()
      else response.end()
    },
    end() {
      if (response.writableEnded) return
      flush()
      response.end()
    },
  }
}
