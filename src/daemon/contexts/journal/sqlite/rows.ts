import type { Role } from '../../../../core/inference.ts'
import { type Turn, type TurnOrigin, type TurnState, turnStates } from '../../../../core/context.ts'

/** A row of `turns`. */
export interface TurnRow {
  readonly t: number
  readonly k: number
  readonly id: string
  readonly parent: number | null
  /** Of the parent, joined. */
  readonly parent_id: string | null
  readonly seq: number
  /** Its place in `roles`. */
  readonly role: number
  readonly at: number
  /** Its place in `turnStates`. */
  readonly state: number
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

/** Rows have their numbers: a new one goes to the end, and none is ever moved. */
const roles: readonly Role[] = ['system', 'developer', 'user', 'assistant', 'tool']
export const roleNumber = (role: Role): number => roles.indexOf(role)
export const roleOf = (number: number): Role => roles[number] ?? 'user'
/** The same holds of `turnStates`. */
export const stateNumber = (state: TurnState): number => turnStates.indexOf(state)
export const streamingState = stateNumber('streaming')

export const turnOf = (row: TurnRow): Turn => ({
  id: row.id,
  parent: row.parent_id,
  seq: row.seq,
  role: roleOf(row.role),
  at: row.at,
  state: turnStates[row.state] ?? 'aborted',
  bodyHash: hashText(row.body_hash),
  chainHash: hashText(row.chain_hash),
  bodyBytes: row.body_bytes,
  pinned: row.pinned === 1,
  ...(row.origin !== null && { origin: JSON.parse(row.origin) as TurnOrigin }),
})
