import type { RunningModel } from '../client/index.ts'
import { formatBytes, formatDuration } from './quantity.ts'
import type { ActivityReport } from './read-activity.ts'
import { formatTable } from './table.ts'

/** What `mcpd ps` prints. */
export const formatActivity = ({ models, backends }: ActivityReport, now: Date): string => {
  const loaded =
    models.length === 0
      ? 'No backend says that it has a model loaded.'
      : formatTable(
          ['MODEL', 'SIZE', 'ON GPU', 'CONTEXT', 'UNTIL'],
          models.map((model) => row(model, now)),
        )
  if (!backends || backends.length === 0) return loaded
  const requests = formatTable(
    ['BACKEND', 'ADAPTER', 'RUNNING', 'QUEUED'],
    backends.map(({ name, adapter, inFlight, queued }) => [name, adapter, String(inFlight), String(queued)]),
  )
  return `${loaded}\n\n${requests}`
}

const row = (model: RunningModel, now: Date): string[] => [
  model.name,
  model.size ? formatBytes(model.size) : '-',
  model.size && model.size_vram !== undefined ? `${Math.round((100 * model.size_vram) / model.size)} %` : '-',
  model.context_length ? String(model.context_length) : '-',
  until(model.expires_at, now),
]

/** Ollama says `keep_alive: -1` as a time centuries away, and a model that is being let go of as one long past. */
const until = (expiresAt: string | undefined, now: Date): string => {
  const leftMs = expiresAt === undefined ? Number.NaN : Date.parse(expiresAt) - now.getTime()
  if (Number.isNaN(leftMs)) return '-'
  if (leftMs <= 0) return 'stopping'
  return leftMs > foreverMs ? 'forever' : `in ${formatDuration(leftMs)}`
}

const foreverMs = 10 * 365 * 86_400_000
