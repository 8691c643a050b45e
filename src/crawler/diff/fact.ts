import type { Json } from '../../openapi/json.ts'
import type { Flow, View } from '../../openapi/schema/view.ts'

/** Which part of a contract a fact is about; rules and their ids are grouped by it. */
export type Area =
  | 'path'
  | 'operation'
  | 'parameter'
  | 'request-body'
  | 'response'
  | 'header'
  | 'security'
  | 'server'
  | 'callback'
  | 'webhook'
  | 'document'

/**
 * What became of the set of things allowed. `unknown`: it changed, and it is not proven which way.
 * `none`: nothing about values.
 */
export type Effect = 'narrowed' | 'widened' | 'changed' | 'unknown' | 'none'

/** One difference, without an opinion. */
export interface Fact {
  /** What happened, such as `required-added`. Rules look facts up by it. */
  readonly kind: string
  readonly area: Area
  /** Who sends what it is about. In callbacks and webhooks the request is sent by the server: `response`. */
  readonly flow?: Flow
  readonly effect: Effect
  /** What it is about in words, such as `query parameter "limit"`. */
  readonly subject: string
  /** Pointers into the canonical documents; a side on which it does not exist is left out. */
  readonly base?: string
  readonly revision?: string
  readonly before?: Json
  readonly after?: Json
  /** `GET /x`, sorted; empty where it concerns the whole document. */
  readonly operations: readonly string[]
  readonly tags: readonly string[]
  /** What rules want to know beyond that. */
  readonly data: Readonly<Record<string, Json>>
  /** The value sets it is a difference of. */
  readonly schema?: SchemaPair
}

export interface SchemaPair {
  readonly base: View
  readonly revision: View
  /** As in `RelationOptions`. */
  readonly text: 'none' | 'plain' | 'exploded'
}
