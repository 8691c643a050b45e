import type { RedisPlace } from '../../../core/hot-config.ts'
import { Breaker, type CircuitState } from '../../guards/breaker.ts'
import { connectRedis, type RedisConnection, RedisRefusal } from './connection.ts'
import type { Script } from './scripts.ts'
import type { RedisWatch } from './watch.ts'

/** Redis as far as it can be relied on: what it does not answer in time it has not answered. */
export interface RedisLink {
  /**
   * Runs a script on keys of one slot. Rejects with RedisRefusal where Redis says no, otherwise after the deadline at
   * the latest, and at once while Redis is away or known to be slow.
   */
  run(script: Script, keys: readonly string[], args: readonly (string | Buffer)[]): Promise<unknown>
  readonly circuit: () => CircuitState
  /** Ends at once. */
  close(): void
}

export interface LinkOptions {
  readonly place: RedisPlace
  readonly watch: RedisWatch
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Longest wait for an answer; default 50. */
  readonly deadlineMs?: number
  /** Default: a real one. */
  readonly connect?: typeof connectRedis
}

const deadlineMsDefault = 50
/** So many answers in a row that do not come open the circuit, for so long. */
const failuresMax = 3
const cooldownMs = 1000
/** After so long without an answer the connection is made anew: whatever it hangs on is not waited for. */
const renewMs = 10_000
/** Longest wait for what Redis says of itself, which nobody waits for. */
const infoMs = 1000

/** Redis was not asked, or did not answer. */
class RedisAway extends Error {}

export const createLink = (options: LinkOptions): RedisLink => {
  const { place, watch, now, deadlineMs = deadlineMsDefault, connect = connectRedis } = options
  const breaker = new Breaker({ failuresMax, cooldownMs, now, onClose: () => watch.answers() })
  let connection: RedisConnection | undefined
  /** Since when nothing was answered that was asked. */
  let failingSinceMs: number | undefined
  let connectedMs = now()
  let isClosed = false

  const look = async (): Promise<void> => {
    const info = connection && inTime(connection.send(undefined, ['INFO']), infoMs)
    const text = await info?.catch(() => '')
    watch.ready(Buffer.isBuffer(text) ? text.toString() : '')
  }
  const open = (): void => {
    connectedMs = now()
    const events = { ready: () => void look(), failed: (error: unknown) => watch.failed(error) }
    connect(place, events).then(
      (made) => {
        if (isClosed) end(made)
        else connection = made
      },
      (error: unknown) => watch.failed(error),
    )
  }
  const renew = (): void => {
    const old = connection
    connection = undefined
    if (old) end(old)
    open()
  }
  /** Where it was like this for long, everything begins anew. */
  const away = (why: string): RedisAway => {
    failingSinceMs ??= now()
    if (!isClosed && now() - Math.max(failingSinceMs, connectedMs) > renewMs) renew()
    return new RedisAway(why)
  }
  const ask = async (key: string, words: readonly (string | Buffer)[], untilMs: number): Promise<unknown> => {
    if (isClosed || !connection?.isReady()) throw away('Redis is not connected.')
    if (!breaker.admit()) throw away('Redis was slow, and is given a rest.')
    try {
      const answer = await inTime(connection.send(key, words), Math.max(0, untilMs - now()))
      answered()
      return answer
    } catch (error) {
      if (error instanceof RedisRefusal) answered()
      else if (error instanceof RedisAway) {
        breaker.failed()
        if (breaker.state === 'open') watch.slow()
        throw away(error.message)
      } else breaker.undecided()
      throw error
    }
  }
  const answered = (): void => {
    failingSinceMs = undefined
    breaker.succeeded()
  }

  open()
  return {
    run: async ({ sha, text }, keys, args) => {
      const untilMs = now() + deadlineMs
      const [key = ''] = keys
      const words = [String(keys.length), ...keys, ...args]
      try {
        return await ask(key, ['EVALSHA', sha, ...words], untilMs)
      } catch (error) {
        if (!(error instanceof RedisRefusal) || !error.message.startsWith('NOSCRIPT')) throw error
        return ask(key, ['EVAL', text, ...words], untilMs)
      }
    },
    circuit: () => breaker.state,
    close: () => {
      isClosed = true
      if (connection) end(connection)
      connection = undefined
    },
  }
}

/** A connection that is no more cannot be ended. */
const end = (connection: RedisConnection): void => {
  try {
    connection.destroy()
  } catch {
    // It is what was wanted.
  }
}

/**
 * A timer that is late has waited for this process, not for Redis: the command may not even have been sent, so it gets
 * its time once more. What has come in until then is looked at before it is called too late.
 */
const inTime = (answer: Promise<unknown>, ms: number): Promise<unknown> =>
  new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout
    const wait = (isLast: boolean): void => {
      const dueMs = performance.now() + ms
      timer = setTimeout(() => {
        if (!isLast && performance.now() - dueMs > lateMs) return wait(true)
        setImmediate(() => reject(new RedisAway(`Redis did not answer within ${Math.round(ms)} ms.`)))
      }, ms)
    }
    wait(false)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })

/** Timers of a process that has little to do are not as late as this, in milliseconds. */
const lateMs = 10
