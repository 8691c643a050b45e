import { createHash, hash } from 'node:crypto'

/** SHA-256 as base64url, the form of every hash that leaves a journal. */
export const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes, 'base64url')

/** What makes two histories equal: the hash of all bodies from the first turn on. */
export const chainHashOf = (parent: string | undefined, bodyHash: string): string => {
  const hash = createHash('sha256')
  if (parent !== undefined) hash.update(parent, 'base64url')
  return hash.update(bodyHash, 'base64url').digest('base64url')
}
