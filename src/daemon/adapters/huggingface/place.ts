import { setTimeout as sleep } from 'node:timers/promises'
import type { AdapterHost } from '../../../core/adapter.ts'
import { isMcpdError, McpdError } from '../../../core/errors.ts'
import { parseDuration, parseSize } from '../../../core/quantity.ts'
import { type AdapterServer, connectAdapterServer } from '../../adapter-server.ts'
import { decodeError } from './errors.ts'
import { whileLoading } from './loading.ts'
import { type HuggingFaceOptions, routerUrl } from './options.ts'

/** What is at the address of a backend, whichever kind it is. */
export interface Place {
  /** Asks at once; for lists and health. Paths are below the root, not below /v1. */
  readonly server: AdapterServer
  /** As `server.ask`, but waits while the model is loading or the endpoint wakes up; for requests. */
  readonly ask: AdapterServer['ask']
  readonly options: HuggingFaceOptions
  readonly backend: string
  readonly answerMaxBytes: number
}

/** Such an answer says that nothing has been done yet, and that something may be later. */
const loadingStatuses: ReadonlySet<number> = new Set([502, 503])

export const connectPlace = (options: HuggingFaceOptions, host: AdapterHost): Place => {
  const { apiKey, billTo, headers } = options
  const loading = new WeakSet<McpdError>()
  const server = connectAdapterServer(
    {
      url: (options.url ?? routerUrl).replace(/(\/v1)?(\/chat\/completions)?\/?$/, ''),
      headers: {
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        ...(billTo !== undefined && { 'x-hf-bill-to': billTo }),
        ...headers,
      },
      decodeError: (status, answered, bytes) => {
        const error = decodeError(status, answered, bytes, apiKey !== undefined)
        if (loadingStatuses.has(status)) loading.add(error)
        return error
      },
    },
    host,
  )
  const waiting = {
    waitMaxMs: parseDuration(options.loadingWait ?? '2m'),
    isLoading: (error: unknown): error is McpdError => isMcpdError(error) && loading.has(error),
    now: () => performance.now(),
    sleep: (milliseconds: number, signal: AbortSignal) =>
      sleep(milliseconds, undefined, { signal }).catch(() => {
        throw signal.reason
      }),
  }
  return {
    server,
    ask: (request) => whileLoading(() => server.ask(request), request.signal, waiting),
    options,
    backend: host.name,
    answerMaxBytes: parseSize(options.answerMax ?? '64MB'),
  }
}
