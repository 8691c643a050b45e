import type { FsckReport, MigrateReport, RotateReport } from '../../client/index.ts'
import { printable } from '../printable.ts'
import { formatBytes } from '../quantity.ts'
import { formatTable } from '../table.ts'

/** Counts as they are, sizes as people read them. */
export const formatStats = (stats: Readonly<Record<string, unknown>>): string => {
  const { bytes, spool, ...counts } = stats
  const rows = Object.entries(counts).map(([name, value]) => [name, String(value)])
  const sizes = Object.entries((bytes ?? {}) as Record<string, number>).map(([name, value]) => [
    `bytes of ${name}`,
    formatBytes(value),
  ])
  const waiting = Object.entries((spool ?? {}) as Record<string, number>).map(([name, value]) => [
    `spool: ${spoolWords[name] ?? name}`,
    name === 'bytes'
      ? formatBytes(value)
      : name === 'oldestMs'
        ? `${Math.round(value / 1000)} s`
        : String(value),
  ])
  return formatTable(['WHAT', 'HOW MUCH'], [...rows, ...sizes, ...waiting])
}

const spoolWords: Readonly<Record<string, string>> = {
  appends: 'appends that wait',
  oldestMs: 'age of the oldest',
}

export const formatMigrated = ({ copied, renewed, same, busy, differing }: MigrateReport): string =>
  [
    `${copied} copied and read back, ${renewed} renewed, ${same} there already.`,
    ...busy.map((id) => printable(`${id}: an answer is being written; run it again.`)),
    ...differing.map((id) => printable(`${id}: there is another one, or it went on there; left alone.`)),
  ].join('\n')

export const formatRotated = ({ rows, keys }: RotateReport): string =>
  [
    `${rows} encrypted anew.`,
    ...Object.entries(keys).map(([id, count]) =>
      printable(`${count} with ${id === '' ? 'no key' : `the key ${id}`}.`),
    ),
  ].join('\n')

export const formatFsck = ({ ok, problems }: FsckReport): string =>
  ok
    ? 'All is well: every hash and link was checked.'
    : problems
        .map(({ kind, context, turn, detail }) =>
          printable(`${[kind, context, turn].filter((word) => word !== undefined).join(' ')}: ${detail}`),
        )
        .join('\n')
