import type { Labels } from '../core/metrics.ts'
import { McpdError } from '../core/errors.ts'
import type { Backend } from './backend.ts'
import type { Registry } from './registry.ts'

/** The gauges of the backends themselves, as far as their adapters can ask for them. */
export interface AdapterMetrics {
  /** Asks the backends whose numbers are old, for a bounded time. Never throws. */
  refresh(): Promise<void>
  /** What was last heard. A backend that was silent has none. */
  read(): Iterable<readonly [Labels, number]>
}

/** How long one backend may take; a scrape waits no longer. */
const answerMaxMs = 1000
/** Scrapes that follow each other faster get the same numbers. */
const freshMs = 5000
/** Gauges of one backend; the rest is left out. */
const gaugesMax = 100

interface Heard {
  readonly atMs: number
  readonly values: readonly (readonly [string, number])[]
}

export const createAdapterMetrics = (registry: Registry, now: () => number): AdapterMetrics => {
  const heard = new WeakMap<Backend, Heard>()
  const running = new WeakMap<Backend, Promise<void>>()

  const ask = async (backend: Backend): Promise<void> => {
    const { adapter } = backend
    const limit = new AbortController()
    const late = new McpdError('BACKEND_TIMEOUT', `No metrics within ${answerMaxMs} ms.`)
    const timer = setTimeout(() => limit.abort(late), answerMaxMs)
    const silence = new Promise<never>((_, reject) => {
      limit.signal.addEventListener('abort', () => reject(late), { once: true })
    })
    let values: Heard['values'] = []
    try {
      const said: Readonly<Record<string, number>> = await Promise.race([
        adapter.metrics?.(limit.signal) ?? {},
        silence,
      ])
      values = Object.entries(said)
        .filter(([, value]) => typeof value === 'number')
        .slice(0, gaugesMax)
    } catch {
      // That a backend is away says mcpd_backend_up.
    } finally {
      clearTimeout(timer)
    }
    heard.set(backend, { atMs: now(), values })
  }

  const refreshOne = async (backend: Backend): Promise<void> => {
    if (!backend.adapter.metrics) return
    const last = heard.get(backend)
    if (last && now() - last.atMs < freshMs) return
    const asking = running.get(backend) ?? ask(backend).finally(() => running.delete(backend))
    running.set(backend, asking)
    await asking
  }

  return {
    refresh: async () => {
      await Promise.all(registry.backends.map(refreshOne))
    },
    read: () =>
      registry.backends.flatMap((backend) =>
        (heard.get(backend)?.values ?? []).map(
          ([name, value]) => [{ backend: backend.name, adapter: backend.adapterType, name }, value] as const,
        ),
      ),
  }
}
