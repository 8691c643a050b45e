import type { ContextAbout } from '../../../../core/context.ts'
import { tagNamesOf } from '../../encryption/about.ts'
import type { Vault } from '../../encryption/vault.ts'

/** JSONB refuses NULs and lone surrogates: they, and what announces them, are written as their numbers. */
const escaped = (tag: string): string =>
  // oxlint-disable-next-line no-control-regex -- it is what PostgreSQL refuses
  tag.replaceAll(/[\u0000%]|\p{Surrogate}/gu, (character) => `%${character.charCodeAt(0).toString(16)}.`)

/**
 * Tags as JSON that a context can be found by: two tags are the same text if and only if they are equal. Of what is
 * encrypted they are names, which no escaped tag looks like.
 */
export const tagsOf = (vault: Vault, tenant: string, about: ContextAbout): string =>
  JSON.stringify(vault.seals ? tagNamesOf(vault, tenant, about) : (about.tags ?? []).map(escaped))

/** Everything that may stand for a tag: itself, and its name by each key. */
export const namesOfTag = (vault: Vault, tenant: string, tag: string): readonly string[] => [
  escaped(tag),
  ...vault.tagNames(tenant, tag),
]
