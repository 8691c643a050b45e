import { parseGauges } from '../../../dialects/prometheus.ts'
import { isOk, type Server } from './server.ts'

/** How servers of this dialect call what mcpd tells of them. */
const gauges: Readonly<Record<string, string>> = {
  'vllm:num_requests_running': 'requests_running',
  'vllm:num_requests_waiting': 'requests_waiting',
  'vllm:kv_cache_usage_perc': 'kv_cache_ratio',
  'vllm:gpu_cache_usage_perc': 'kv_cache_ratio',
  'sglang:num_running_reqs': 'requests_running',
  'sglang:num_queue_reqs': 'requests_waiting',
  'sglang:token_usage': 'kv_cache_ratio',
  'llamacpp:requests_processing': 'requests_running',
  'llamacpp:requests_deferred': 'requests_waiting',
  'llamacpp:kv_cache_usage_ratio': 'kv_cache_ratio',
  tgi_batch_current_size: 'requests_running',
  tgi_queue_size: 'requests_waiting',
}

const pageMaxBytes = 4 * 1024 * 1024

/** What the server says of its load on the page for Prometheus beside its API; nothing where there is none. */
export const readMetrics = async (
  server: Server,
  signal: AbortSignal,
): Promise<Readonly<Record<string, number>>> => {
  const response = await server.root.get('/metrics', signal)
  const page = (await response.bytes(pageMaxBytes)).toString()
  return isOk(response) ? parseMetrics(page) : {}
}

/** The gauges that mcpd knows, of a page in the Prometheus text format. */
export const parseMetrics = (page: string): Readonly<Record<string, number>> => parseGauges(page, gauges)
