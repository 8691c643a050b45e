import type { AdapterHost } from '../../../core/adapter.ts'
import type { Transport } from '../../../core/transport.ts'
import { isRecord, numberOf, textOf } from '../../../dialects/wire.ts'
import { defaultUrls, type TritonOptions } from './options.ts'
import type { Server } from './server.ts'

/** How Triton calls what mcpd tells of it. A ratio is the highest of its series, a number their sum. */
const gauges: Readonly<Record<string, string>> = {
  nv_inference_pending_request_count: 'requests_waiting',
  nv_gpu_utilization: 'gpu_utilization_ratio',
  nv_gpu_memory_used_bytes: 'gpu_memory_bytes',
  nv_inference_request_success: 'requests_succeeded_total',
  nv_inference_request_failure: 'requests_failed_total',
  'vllm:num_requests_running': 'engine_requests_running',
  'vllm:num_requests_waiting': 'engine_requests_waiting',
  'vllm:gpu_cache_usage_perc': 'kv_cache_ratio',
  'vllm:kv_cache_usage_perc': 'kv_cache_ratio',
}

const pageMaxBytes = 4 * 1024 * 1024
const sample = /^([A-Za-z_:][\w:]*)(?:\{.*\})? (\S+)/

export interface MetricsReader {
  read(signal: AbortSignal): Promise<Readonly<Record<string, number>>>
  close(): Promise<void>
}

/** Reads the page for Prometheus, which has a port of its own, else what the statistics of the models come to. */
export const createMetricsReader = (
  server: Server,
  options: TritonOptions,
  host: AdapterHost,
): MetricsReader => {
  const url = metricsUrlOf(options)
  let transport: Transport | undefined
  return {
    read: async (signal) => {
      try {
        transport ??= host.connect(url.origin)
        const response = await transport.send({ method: 'GET', path: url.pathname + url.search, signal })
        const page = await response.bytes(pageMaxBytes)
        if (response.status === 200) return parsePage(page.toString())
      } catch {
        signal.throwIfAborted()
      }
      return fromStatistics(server, signal)
    },
    close: async () => transport?.close(),
  }
}

const metricsUrlOf = ({ url, metricsUrl, protocol = 'http' }: TritonOptions): URL =>
  new URL(metricsUrl ?? `http://${new URL(url ?? defaultUrls[protocol]).hostname}:8002/metrics`)

const parsePage = (page: string): Readonly<Record<string, number>> => {
  const found: Record<string, number> = {}
  for (const line of page.split('\n')) {
    const [, series = '', text = ''] = sample.exec(line) ?? []
    const name = Object.hasOwn(gauges, series) ? gauges[series] : undefined
    const value = Number(text)
    if (name === undefined || Number.isNaN(value)) continue
    const before = found[name] ?? 0
    found[name] = name.endsWith('ratio') ? Math.max(before, value) : before + value
  }
  return found
}

const fromStatistics = async (
  server: Server,
  signal: AbortSignal,
): Promise<Readonly<Record<string, number>>> => {
  const statistics = await server.statistics(signal)
  const sum = (member: 'success' | 'fail'): number =>
    statistics.reduce((total, { inference_stats: stats }) => {
      const part = isRecord(stats) ? stats[member] : undefined
      const count = isRecord(part) ? part['count'] : undefined
      // Over gRPC 64-bit numbers are text.
      return total + (numberOf(textOf(count) === undefined ? count : Number(count)) ?? 0)
    }, 0)
  return { requests_succeeded_total: sum('success'), requests_failed_total: sum('fail') }
}
