import type { RouteReport, RouteTarget } from '../client/index.ts'
import { printable } from './printable.ts'
import { formatTable } from './table.ts'

/** What `mcpd routes explain` prints: the choice, then a line per target. */
export const formatRoute = (route: RouteReport): string => {
  const { model, group, strategy, stickyBy, chosen, targets } = route
  const how =
    group === undefined
      ? 'the only target of that name'
      : `group ${group}, ${strategy}${stickyBy === undefined ? '' : ` by ${stickyBy}`}`
  const table = formatTable(
    ['', 'TARGET', 'ADAPTER', 'WEIGHT', 'RUNNING', 'QUEUED', 'LATENCY', 'COST', 'PASSED OVER'],
    targets.map((target) => row(target, chosen)),
  )
  return `${printable(`${model} → ${chosen} (${how})`)}\n\n${table}`
}

const row = (target: RouteTarget, chosen: string): string[] => [
  target.id === chosen ? '→' : '',
  target.id,
  target.adapter,
  String(target.weight),
  String(target.inFlight),
  String(target.queued),
  target.latencyMs === null ? 'unseen' : `${target.latencyMs.toFixed(1)} ms`,
  target.cost.toFixed(3),
  target.passedOver ?? '',
]
