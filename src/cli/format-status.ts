import type { BackendStatus, DaemonStatus } from '../client/index.ts'
import { printable } from './printable.ts'
import { formatBytes, formatDuration } from './quantity.ts'
import { formatTable } from './table.ts'

/** What `mcpd status` prints: the daemon, then a line per backend. */
export const formatStatus = (status: DaemonStatus): string => {
  const { requests, backends } = status
  const daemon = [
    `mcpd ${status.version} at ${status.url}, process ${status.pid}${status.draining ? ', stopping' : ''}`,
    `up ${formatDuration(status.uptimeMs)}, ${formatBytes(status.rssBytes)} of memory`,
    `${requests.total} requests, ${requests.failed} failed, ${requests.inFlight} running`,
    `config ${status.configPath ?? 'none'}, state ${status.stateDir}`,
  ]
  return [printable(daemon.join('\n')), formatBackends(backends), ...backends.flatMap(loadNote)].join('\n\n')
}

/** From here on it is worth knowing that Node never gives up a module. */
const loadsMax = 3

const loadNote = ({ name, source = '', loads = 0 }: BackendStatus): readonly string[] =>
  loads < loadsMax
    ? []
    : [
        printable(
          `${name}: ${source} has been loaded ${loads} times, and its memory is never given back; sidecar: {} lets it run in a process of its own.`,
        ),
      ]

const row = (backend: BackendStatus): string[] => [
  backend.name,
  backend.adapter,
  healthOf(backend),
  String(backend.inFlight),
  String(backend.queued),
  String(backend.models.length),
  backend.url ?? '',
]

export const formatBackends = (backends: readonly BackendStatus[]): string =>
  backends.length === 0
    ? 'No backends.'
    : formatTable(['BACKEND', 'ADAPTER', 'HEALTH', 'RUNNING', 'QUEUED', 'MODELS', 'AT'], backends.map(row))

const healthOf = ({ health, circuit, draining }: BackendStatus): string => {
  if (draining) return 'draining'
  const state = health.ok ? 'ok' : `down${health.detail === undefined ? '' : `: ${health.detail}`}`
  return circuit === 'closed' ? state : `${state} (circuit ${circuit})`
}
