import { setTimeout as sleep } from 'node:timers/promises'
import type { DaemonProcess } from './daemon-process.ts'
import type { Ledger } from './ledger.ts'
import type { Numbers } from './numbers.ts'

/** How a client of a storm asks: patiently, of any daemon that has the context, until it knows what happened. */
export interface Calls {
  /**
   * Resolves with an answer that says what happened: a success, or a conflict. Undefined where the client gave up;
   * then nobody knows. `wasSent` says whether an earlier try may have done it.
   */
  settle(daemons: readonly DaemonProcess[], request: Request): Promise<Settled | undefined>
}

interface Request {
  readonly method?: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
  /** Whether to ask again after a conflict. */
  readonly waits?: boolean
}

export interface Settled {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly wasSent: boolean
}

/** Longest wait for an answer: a daemon or a server may be frozen. */
const answerMaxMs = 3000
/** Between tries; longer after each that failed, up to the second. */
const pauseMinMs = 20
const pauseMaxMs = 160
/** Longest that a client asks for the same. */
const patienceMs = 30_000
/** Of a hundred unknown outcomes so many stay unknown, as where a client dies. */
const givesUpPercent = 4

/** `stop` makes clients give up what has no answer; without it they do after `patienceMs`. */
export const createCalls = (ledger: Ledger, numbers: Numbers, stop?: AbortSignal): Calls => ({
  settle: async (daemons, request) => {
    let at = numbers.below(daemons.length)
    let wasSent = false
    let pauseMs = pauseMinMs
    const startedMs = performance.now()
    while (performance.now() - startedMs < patienceMs && !stop?.aborted) {
      const daemon = daemons[at % daemons.length]
      const reply = daemon && (await ask(daemon, request))
      if (reply && (reply.status < 400 || (reply.status === 409 && !request.waits)))
        return { ...reply, wasSent }
      const isConflict = reply?.status === 409 && codeOf(reply.text) === 'CONTEXT_CONFLICT'
      if (!isConflict) {
        ledger.failed()
        if (reply && !isUnavailable(reply)) {
          ledger.wrong(`${request.path} was answered ${reply.status}: ${reply.text.slice(0, 300)}`)
          return undefined
        }
        wasSent = true
        at += 1
        if (numbers.below(100) < givesUpPercent && request.method === 'POST') return undefined
      }
      await sleep(pauseMs)
      pauseMs = Math.min(pauseMaxMs, 2 * pauseMs)
    }
    return undefined
  },
})

type Reply = Pick<Settled, 'status' | 'headers' | 'text'>

/** Undefined where no whole answer came. */
const ask = async (daemon: DaemonProcess, request: Request): Promise<Reply | undefined> => {
  const { method = 'GET', path, headers, body } = request
  try {
    const response = await fetch(`${daemon.url}${path}`, {
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerMaxMs),
    })
    const text = await response.text()
    const isCut = text.startsWith('data:') && !text.includes('data: [DONE]')
    return isCut ? undefined : { status: response.status, headers: response.headers, text }
  } catch {
    return undefined
  }
}

/** What a store that is away is answered with: it says when to come again. */
const isUnavailable = ({ status, headers, text }: Reply): boolean =>
  status === 503 && codeOf(text) === 'STORE_UNAVAILABLE' && headers.has('retry-after')

/** OpenAI's errors have it in small letters. */
const codeOf = (text: string): string | undefined => {
  try {
    const { code, error } = JSON.parse(text) as { code?: string; error?: { code?: string } }
    return (code ?? error?.code)?.toUpperCase()
  } catch {
    return undefined
  }
}
