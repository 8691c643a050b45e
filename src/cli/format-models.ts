import type { ModelEntry } from '../client/index.ts'
import { printable } from './printable.ts'
import { formatTable } from './table.ts'

/** What `mcpd models` prints: a table, then what there is to know of models that say something of themselves. */
export const formatModels = (models: readonly ModelEntry[]): string => {
  if (models.length === 0) return 'The daemon serves no models. See how its backends are: mcpd status'
  const table = formatTable(['MODEL', 'ADAPTER', 'OPERATIONS', 'CONTEXT', 'NOTES'], models.map(row))
  const remarks = models.flatMap(({ id, description }) =>
    description === undefined ? [] : [`${id}: ${printable(description)}`],
  )
  return [table, ...remarks].join('\n\n')
}

const row = (model: ModelEntry): string[] => [
  model.id,
  model.adapter,
  model.operations.join(', '),
  model.contextLength === undefined ? '-' : String(model.contextLength),
  [
    ...(model.shadowedBy === undefined ? [] : [`shadowed by ${model.shadowedBy}`]),
    ...(model.capabilities ?? []),
  ].join(', '),
]
