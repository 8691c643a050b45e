import type { ReloadReport } from '../client/index.ts'
import { printable } from './printable.ts'

/** What `mcpd reload` prints: a line for each kind of change there was. */
export const formatReload = (report: ReloadReport): string => {
  const changes = (['added', 'replaced', 'removed'] as const).filter((kind) => report[kind].length > 0)
  const lines = [
    ...(changes.length === 0 ? ['No backend has changed.'] : []),
    ...changes.map((kind) => `${`${kind}:`.padEnd(10)}${report[kind].join(', ')}`),
    ...(changes.length > 0 && report.kept.length > 0 ? [`kept:     ${report.kept.join(', ')}`] : []),
    ...(report.restartNeeded.length === 0
      ? []
      : [
          `Changed, but in force only after "mcpd stop" and "mcpd serve": ${report.restartNeeded.join(', ')}`,
        ]),
    ...(report.advice ?? []),
  ]
  return printable(lines.join('\n'))
}
