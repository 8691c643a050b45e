import type { ContextAbout } from '../../../core/context.ts'
import type { Cipher, Vault } from './vault.ts'

/** What stands in the place of the JSON text; it is none, so that an older mcpd fails rather than reads half. */
export const sealedAbout = 'sealed'

/** What is said about a context as a journal keeps it. */
export interface KeptAbout {
  /** JSON, or `sealedAbout`. */
  readonly about: string
  /** The JSON, encrypted. */
  readonly sealed: Buffer | null
}

export const keepAbout = (cipher: Cipher, about: ContextAbout): KeptAbout => {
  const text = JSON.stringify(about)
  return cipher.seals
    ? { about: sealedAbout, sealed: cipher.seal('about', Buffer.from(text)) }
    : { about: text, sealed: null }
}

export const readAbout = (
  cipher: Cipher,
  { about, sealed }: { readonly about: string; readonly sealed: Uint8Array | null },
): ContextAbout =>
  JSON.parse(sealed === null ? about : cipher.open('about', Buffer.from(sealed)).toString()) as ContextAbout

/** The names of the tags of a context that is sealed, by the key that encrypts. */
export const tagNamesOf = (vault: Vault, tenant: string, { tags = [] }: ContextAbout): readonly string[] =>
  tags.flatMap((tag) => vault.tagNames(tenant, tag).slice(0, 1))
