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

/** Turns as columns, in the order of the statement of an append. */
export const columnsOf = (
  cipher: Cipher,
  turns: readonly StoredTurn[],
  fence: number,
): readonly (readonly unknown[])[] => {
  const bodies = turns.map(({ body }) => packBody(body))
  const { seals } = cipher
  return [
    turns.map(({ id }) => id),
    turns.map(({ parent }) => parent),
    turns.map(({ seq }) => seq),
    turns.map(({ role }) => roleNumber(role)),
    turns.map(({ at }) => at),
    turns.map(({ state }) => stateNumber(state)),
    turns.map(({ pinned }) => (pinned ? 1 : 0)),
    turns.map(({ origin }) => (origin && !seals ? JSON.stringify(origin) : null)),
    turns.map(({ bodyHash }) => (seals ? null : hashBytes(bodyHash))),
    turns.map(({ chainHash }) => (seals ? null : hashBytes(chainHash))),
    turns.map(({ bodyBytes }) => bodyBytes),
    bodies.map(({ packed }) => packed),
    bodies.map(({ data }, index) => cipher.seal(bodyPlace(turns[index]?.bodyHash ?? ''), data)),
    turns.map(({ state }) => (state === 'streaming' ? fence : null)),
    turns.map(({ state, body }) => (state === 'streaming' || seals ? null : vectorOf(body))),
    turns.map((turn) => sealFacts(cipher, turn.id, turn) ?? null),
  ]
}
