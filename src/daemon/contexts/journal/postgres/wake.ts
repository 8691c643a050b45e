import type { Client } from 'pg'

/** What a daemon that goes says to the others: that it has left turns open. */
export const goneChannel = 'mcpd_gone'

/** Waits before the connection is made anew; doubled each time. */
const retryMs = 1000
const retryMaxMs = 30_000
const connectMs = 3000
/** How long a server may take to say goodbye. */
const endMs = 1000

export interface Waker {
  close(): Promise<void>
}

/**
 * Calls `woken` when another daemon has said something. A wake-up and nothing else: what is said while the connection
 * is broken, or behind a pooler that hands connections round, is not heard, and whoever needs it looks by itself as
 * well. A connection of its own, which is made anew for ever and keeps no process alive.
 */
export const listen = (url: string, woken: () => void): Waker => {
  let client: Client | undefined
  let timer: NodeJS.Timeout | undefined
  let waitMs = retryMs
  let isClosed = false

  const later = (broken: Client | undefined): void => {
    if (isClosed || client !== broken) return
    client = undefined
    clearTimeout(timer)
    timer = setTimeout(() => void connect(), waitMs)
    timer.unref()
    waitMs = Math.min(2 * waitMs, retryMaxMs)
  }
  const connect = async (): Promise<void> => {
    const { default: pg } = await import('pg')
    if (isClosed) return
    const made = new pg.Client({
      connectionString: url,
      application_name: 'mcpd wake-up',
      connectionTimeoutMillis: connectMs,
      keepAlive: true,
    })
    client = made
    made.on('error', () => later(made))
    made.on('end', () => later(made))
    made.on('notification', woken)
    try {
      await made.connect()
      await made.query(`LISTEN ${goneChannel}`)
      // The types do not know of it.
      ;(made as Client & { readonly unref: () => void }).unref()
      waitMs = retryMs
    } catch {
      void made.end().catch(() => undefined)
      later(made)
    }
  }
  // The URL is one: the pool has used it.
  void connect()
  return {
    close: async () => {
      isClosed = true
      clearTimeout(timer)
      const ending = client?.end().catch(() => undefined)
      const late = new Promise<void>((resolve) => {
        setTimeout(resolve, endMs).unref()
      })
      await Promise.race([ending, late])
    },
  }
}
