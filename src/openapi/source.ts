import type { HealthFinding } from './health.ts'
import type { Json } from './json.ts'

export interface Position {
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
}

/** A document as it was found, parsed but not interpreted. */
export interface SourceDocument {
  /** Where it came from, for people: a path or URL. */
  readonly name: string
  readonly format: 'json' | 'yaml'
  /** Hex digest of the raw bytes. */
  readonly sha256: string
  readonly bytes: number
  readonly value: Json
  readonly health: readonly HealthFinding[]
  /** Where the members and items that the pointers name begin; pointers that name nothing are left out. */
  locate(pointers: Iterable<string>): ReadonlyMap<string, Position>
}

/** What a document may cost. Past a limit it is refused with SPEC_UNREADABLE. */
export interface DocumentLimits {
  /** Default 64 MiB. */
  readonly bytesMax: number
  /** Nested lists and objects. Default 500. */
  readonly depthMax: number
  /** Values, each alias counted as what it stands for. Default 8 million. */
  readonly nodesMax: number
}

export const defaultLimits: DocumentLimits = {
  bytesMax: 64 * 2 ** 20,
  depthMax: 500,
  nodesMax: 8_000_000,
}
