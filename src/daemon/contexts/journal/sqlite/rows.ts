import type { Role } from '../../../../core/inference.ts'
import { type Turn, type TurnOrigin, type TurnState, turnStates } from '../../../../core/context.ts'
import { type Facts, openFacts, sealFacts } from '../../encryption/facts.ts'
import type { Cipher } from '../../encryption/vault.ts'

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
  /** The hashes and the origin, which are empty then, encrypted. */
  readonly facts: Uint8Array | null
  readonly b: number | null
  readonly s: number | null
  readonly offset: number | null
  readonly tail_turns: number
  readonly tail_bytes: number
}

/** What every statement that reads turns selects, from `turns` and its parent. */
export const turnColumns = 'turns.*, above.id AS parent_id'
export const turnTables = 'turns LEFT JOIN turns AS above ON above.t = turns.parent'

export const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export const hashText = (bytes: Uint8Array): string => bufferOf(bytes).toString('base64url')

export const hashBytes = (text: string): Buffer => Buffer.from(text, 'base64url')

/** Rows have their numbers: a new one goes to the end, and none is ever moved. */
const roles: readonly Role[] = ['system', 'developer', 'user', 'assistant', 'tool']
export const roleNumber = (role: Role): number => roles.indexOf(role)
export const roleOf = (number: number): Role => roles[number] ?? 'user'
/** The same holds of `turnStates`. */
export const stateNumber = (state: TurnState): number => turnStates.indexOf(state)
export const streamingState = stateNumber('streaming')

const factsOf = (cipher: Cipher, row: TurnRow): Facts =>
  row.facts === null
    ? {
        bodyHash: hashText(row.body_hash),
        chainHash: hashText(row.chain_hash),
        ...(row.origin !== null && { origin: JSON.parse(row.origin) as TurnOrigin }),
      }
    : openFacts(cipher, row.id, bufferOf(row.facts))

/** Hashes and origin as columns. */
export const factColumns = (cipher: Cipher, turn: Turn) => {
  const facts = sealFacts(cipher, turn.id, turn)
  const origin = turn.origin ? JSON.stringify(turn.origin) : null
  return facts
    ? { origin: null, bodyHash: noHash, chainHash: noHash, facts }
    : { origin, bodyHash: hashBytes(turn.bodyHash), chainHash: hashBytes(turn.chainHash), facts: null }
}
const noHash = Buffer.alloc(0)

export const turnOf = (cipher: Cipher, row: TurnRow): Turn => ({
  id: row.id,
  parent: row.parent_id,
  seq: row.seq,
  role: roleOf(row.role),
  at: row.at,
  state: turnStates[row.state] ?? 'aborted',
  bodyBytes: row.body_bytes,
  pinned: row.pinned === 1,
  ...factsOf(cipher, row),
})
