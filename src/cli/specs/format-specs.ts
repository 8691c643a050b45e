import type { Acceptance, Version } from '../../crawler/snapshots/version.ts'
import type { SpecSummary } from '../../crawler/snapshots/summary.ts'
import type { HealthFinding } from '../../openapi/health.ts'
import type { Position } from '../../openapi/source.ts'
import { printable } from '../printable.ts'
import { formatTable } from '../table.ts'

/** The specs of a store, for people. */
export const formatSpecs = (specs: readonly SpecSummary[], store: string): string =>
  specs.length === 0
    ? `There are no specs in ${store}. Fetch some: mcpd crawl`
    : formatTable(
        ['SPEC', 'VERSIONS', 'NEWEST', 'ACCEPTED', 'OPERATIONS', 'SEEN', 'SOURCE'],
        specs.map(({ name, versions, newest, accepted, seenAt }) => [
          name,
          String(versions),
          called(newest),
          accepted ? `@${accepted.number}` : '',
          String(newest.operations),
          seenAt === undefined ? '' : minute(seenAt),
          newest.source,
        ]),
      )

/** A version by its number and what its document calls itself. */
export const called = ({ number, apiVersion }: Version): string =>
  `@${number}${apiVersion === undefined ? '' : ` (${apiVersion.slice(0, 40)})`}`

export const formatHistory = (versions: readonly Version[], accepted: Acceptance | undefined): string =>
  formatTable(
    ['VERSION', 'SINCE', 'OPERATIONS', 'SIZE', 'HASH', '', 'CHANGED BY'],
    versions.map((version) => [
      called(version),
      minute(version.time),
      String(version.operations),
      kilobytes(version.bytes),
      version.sha256.slice(0, 12),
      version.number === accepted?.number ? 'accepted' : '',
      version.commit ? `${version.commit.author}: ${version.commit.subject}` : version.source,
    ]),
  )

export const formatVersion = (name: string, version: Version, acceptances: readonly Acceptance[]): string => {
  const { commit } = version
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['spec', `${name}@${version.number}`],
    ['title', version.title],
    ['version', version.apiVersion],
    ['written in', `OpenAPI ${version.openapi}, ${version.format}, ${kilobytes(version.bytes)}`],
    ['operations', String(version.operations)],
    ['source', version.source],
    ['since', version.time],
    ['stored', version.storedAt],
    ['commit', commit && `${commit.id.slice(0, 12)} by ${commit.author}, ${commit.date}: ${commit.subject}`],
    ['sha256', version.sha256],
    ...acceptances
      .filter(({ number }) => number === version.number)
      .map(({ at, reason }) => ['accepted', `${at}: ${reason}`] as const),
  ]
  return rows
    .flatMap(([label, value]) => (value === undefined ? [] : [`${label.padEnd(11)} ${printable(value)}`]))
    .join('\n')
}

export interface PlacedFinding extends HealthFinding {
  readonly position?: Position
}

export const formatHealth = (name: string, findings: readonly PlacedFinding[]): string => {
  if (findings.length === 0) return `${name} is well: nothing was found.`
  const rows = findings.map(({ level, id, message, pointer, position }) => [
    level,
    id,
    position ? `${position.line}:${position.column}` : '',
    message,
    pointer,
  ])
  return formatTable(['LEVEL', 'FINDING', 'LINE', 'WHAT', 'POINTER'], rows)
}

const minute = (iso: string): string => iso.slice(0, 16).replace('T', ' ')

const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`
