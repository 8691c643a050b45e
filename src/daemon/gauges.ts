import type { MetricsRegistry } from '../core/metrics.ts'
import type { Activity } from './activity.ts'
import type { AdapterMetrics } from './adapter-metrics.ts'
import type { Registry } from './registry.ts'
import { version } from './version.ts'

/** Gauges of the daemon as a whole and of each backend, read at every scrape. */
export const daemonGauges = (
  metrics: MetricsRegistry,
  registry: Registry,
  activity: Activity,
  adapterMetrics: AdapterMetrics,
): void => {
  const perBackend = (
    name: string,
    help: string,
    read: (backend: Registry['backends'][number]) => number,
  ): void =>
    metrics.gauge(name, help, () =>
      registry.backends.map(
        (backend) => [{ backend: backend.name, adapter: backend.adapterType }, read(backend)] as const,
      ),
    )
  metrics.gauge('mcpd_info', 'Always 1; the version is in its label.', () => [[{ version }, 1]])
  metrics.gauge('mcpd_requests_in_flight', 'Requests that run now.', () => [[{}, activity.counts.inFlight]])
  metrics.gauge('process_resident_memory_bytes', 'Resident memory.', () => [[{}, process.memoryUsage.rss()]])
  metrics.gauge('process_cpu_seconds_total', 'CPU time used.', () => {
    const { user, system } = process.cpuUsage()
    return [[{}, (user + system) / 1e6]]
  })
  perBackend('mcpd_backend_up', '1 while the backend answers its health check.', ({ health }) =>
    Number(health.ok),
  )
  perBackend('mcpd_backend_circuit_open', '1 while the circuit is not closed.', ({ breaker }) =>
    Number(breaker.state !== 'closed'),
  )
  perBackend('mcpd_backend_in_flight', 'Requests it works on.', ({ queue }) => queue.inFlight)
  perBackend('mcpd_backend_queued', 'Requests that wait for a slot.', ({ queue }) => queue.waiting)
  metrics.gauge('mcpd_adapter_metric', 'What the backend says of itself, by name; see docs/metrics.md.', () =>
    adapterMetrics.read(),
  )
}
