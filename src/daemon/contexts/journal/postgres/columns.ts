import type { ContextAbout, StoredTurn } from '../../../../core/context.ts'
import { keepAbout } from '../../encryption/about.ts'
import { bodyPlace, sealFacts } from '../../encryption/facts.ts'
import type { Cipher, Vault } from '../../encryption/vault.ts'
import { hashBytes, roleNumber, stateNumber } from '../sqlite/rows.ts'
import { packBody } from './rows.ts'
import { tagsOf } from './tags.ts'
import { vectorOf } from './words.ts'

/** `about`, `sealed`, `tags` and `pinned` of a context. */
export const aboutColumns = (vault: Vault, cipher: Cipher, said: ContextAbout): readonly unknown[] => {
  const { about, sealed } = keepAbout(cipher, said)
  return [about, sealed, tagsOf(vault, cipher.key.tenant, said), said.pinned ? 1 : 0]
}

/** A turn as a row of the statement of an append. */
export const turnValues = (cipher: Cipher, turn: StoredTurn, fence: number): readonly unknown[] => {
  const { packed, data } = packBody(turn.body)
  const { seals } = cipher
  const isOpen = turn.state === 'streaming'
  return [
    turn.id,
    turn.parent,
    turn.seq,
    roleNumber(turn.role),
    turn.at,
    stateNumber(turn.state),
    turn.pinned ? 1 : 0,
    turn.origin && !seals ? JSON.stringify(turn.origin) : null,
    seals ? null : hashBytes(turn.bodyHash),
    seals ? null : hashBytes(turn.chainHash),
    turn.bodyBytes,
    packed,
    cipher.seal(bodyPlace(turn.bodyHash), data),
    isOpen ? fence : null,
    isOpen || seals ? null : vectorOf([turn.body]),
    sealFacts(cipher, turn.id, turn) ?? null,
  ]
}
