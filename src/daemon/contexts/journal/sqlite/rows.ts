import type { Role } from '../../../../core/inference.ts'
import type { Turn, TurnOrigin, TurnState } from '../../../../core/context.ts'

/** A row of `turns`. */
export interface TurnRow {
  readonly t: number
  readonly k: number
  readonly id: string
  readonly parent: number | null
  /** Of the parent, joined. */
  readonly parent_id: string | null
  readonly seq: number
  readonly role: string
  readonly at: number
  readonly state: string
  readonly pinned: number
  readonly origin: string | null
  readonly body_hash: Uint8Array
  readonly chain_hash: Uint8Array
  readonly body_bytes: number
  readonly b: number | null
  readonly s: number | null
  readonly offset: number | null
  readonly tail_turns: number
  readonly tail_bytes: number
}

/** What every statement that reads turns selects, from `turns` and its parent. */
export const turnColumns = 'turns.*, above.id AS parent_id'
export const turnTables = 'turns LEFT JOIN turns AS above ON above.t = turns.parent'

export const hashText = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')

export const hashBytes = (text: string): Buffer => Buffer.from(text, 'base64url')

export const turnOf = (row: TurnRow): Turn => ({
  id: row.id,
  parent: row.parent_id,
  seq: row.seq,
  role: row.role as Role,
  at: row.at,
  state: row.state as TurnState,
  bodyHash: hashText(row.body_hash),
  chainHash: hashText(row.chain_hash),
  bodyBytes: row.body_bytes,
  pinned: row.pinned === 1,
  ...(row.origin !== null && { origin: JSON.parse(row.origin) as TurnOrigin }),
})
