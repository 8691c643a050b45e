import type { Adapter, Health, Model } from '../core/adapter.ts'
import type { BackendConfig } from '../core/config.ts'
import { McpdError, toMcpdError } from '../core/errors.ts'
import { compose, type Invoke } from '../core/inference.ts'
import { type Forward, forwardTo } from './forward.ts'
import type { AdapterCode } from './adapter-code.ts'
import { Breaker, breakerGuard } from './guards/breaker.ts'
import { patienceGuard } from './guards/patience.ts'
import { Queue, queueGuard } from './guards/queue.ts'
import { createLatency, type Latency } from './latency.ts'

/** A running runtime as the daemon sees it: its adapter behind its own guards, and what it was last seen to serve. */
export interface Backend {
  readonly name: string
  readonly config: BackendConfig
  readonly adapterType: string
  /** What its adapter is made of; absent for one that was made by hand. */
  readonly code?: AdapterCode
  /** Where it is, without credentials; absent for one that runs here. */
  readonly url?: string
  readonly adapter: Adapter
  readonly breaker: Breaker
  readonly queue: Queue
  readonly latency: Latency
  /** breaker → queue → patience → adapter. */
  readonly invoke: Invoke
  /** breaker → queue → the backend's own API as it is; absent where the adapter has none to hand on to. */
  readonly forward?: Forward
  /** The last list of models; undefined until the backend has answered once. */
  readonly models: readonly Model[] | undefined
  readonly health: Health
  /** True: it finishes what it has and is given nothing new. */
  draining: boolean
  /** The model of that name or alias in the last list. */
  find(name: string): Model | undefined
  /** Asks for health and models anew; one at a time, at most once in `refreshMinMs`. Never throws. */
  refresh(): Promise<void>
  /** As `refresh`, but at once: what it serves has just been changed through us. */
  changed(): Promise<void>
  close(): Promise<void>
}

export interface BackendOptions {
  readonly config: BackendConfig
  readonly adapter: Adapter
  readonly code?: AdapterCode
  /** Monotonic milliseconds. */
  readonly now: () => number
}

const refreshMinMs = 1000
const refreshMaxMs = 10_000

export const createBackend = ({ config, adapter, code, now }: BackendOptions): Backend => {
  const { name, waits } = config
  const latency = createLatency(now)
  const breaker = new Breaker({ ...config.breaker, now, onClose: () => latency.reset() })
  const queue = new Queue(config)
  const closing = new AbortController()
  let models: readonly Model[] | undefined
  let index = new Map<string, Model>()
  let health: Health = { ok: false, detail: 'not asked yet' }
  let running: Promise<void> | undefined
  let refreshedMs = Number.NEGATIVE_INFINITY

  const findVariant = (wanted: string): Model | undefined => {
    const base = adapter.variantOf?.(wanted)
    const model = base === undefined ? undefined : index.get(base)
    return model && { ...model, name: wanted }
  }

  const infer: Invoke = (request) => {
    const reason = adapter.validate?.(request)
    if (reason !== undefined) throw new McpdError('BAD_REQUEST', reason, { backend: name })
    return adapter.infer(request)
  }

  const ask = async (): Promise<void> => {
    const limit = new AbortController()
    const stop = (): void => limit.abort(closing.signal.reason)
    closing.signal.addEventListener('abort', stop, { once: true })
    const timer = setTimeout(
      () => limit.abort(new McpdError('BACKEND_TIMEOUT', `No answer within ${refreshMaxMs} ms.`)),
      refreshMaxMs,
    )
    try {
      health = await adapter.health(limit.signal)
      if (!health.ok) return
      models = await adapter.models(limit.signal)
      index = new Map(
        models.flatMap((model) => [model.name, ...(model.aliases ?? [])].map((key) => [key, model] as const)),
      )
    } catch (error) {
      health = { ok: false, detail: toMcpdError(error).message }
    } finally {
      clearTimeout(timer)
      closing.signal.removeEventListener('abort', stop)
    }
  }

  const refresh = (): Promise<void> => {
    if (running) return running
    if (now() - refreshedMs < refreshMinMs) return Promise.resolve()
    running = ask().finally(() => {
      refreshedMs = now()
      running = undefined
    })
    return running
  }

  return {
    name,
    config,
    adapterType: code?.type ?? config.adapter,
    ...(code && { code }),
    ...urlOf(config.options['url']),
    adapter,
    breaker,
    queue,
    latency,
    invoke: compose(
      [
        breakerGuard(breaker, name),
        queueGuard(queue, waits.queueMs, now),
        patienceGuard({ ...waits, backend: name, latency, now }),
      ],
      infer,
    ),
    ...(adapter.forward && {
      forward: breakerGuard(breaker, name)(queueGuard(queue, waits.queueMs, now)(forwardTo(adapter, name))),
    }),
    get models() {
      return models
    },
    get health() {
      return health
    },
    draining: false,
    find: (wanted) => index.get(wanted) ?? findVariant(wanted),
    refresh,
    changed: async () => {
      await running
      refreshedMs = Number.NEGATIVE_INFINITY
      await refresh()
    },
    close: async () => {
      closing.abort(new McpdError('SHUTTING_DOWN', 'The backend is being closed.'))
      await running
      await adapter.close()
    },
  }
}

/** Without credentials. An adapter of one's own may call something else a url. */
const urlOf = (option: unknown): { readonly url?: string } => {
  const url = typeof option === 'string' ? URL.parse(option) : null
  if (!url) return {}
  url.username = ''
  url.password = ''
  url.search = ''
  return { url: url.href }
}
