import type { Turn, TurnOrigin } from '../../../core/context.ts'
import type { Cipher } from './vault.ts'

/**
 * What of a turn says something about its text besides the body: the hashes, which tell whether a guess is right, and
 * where an answer came from, with what the surface is to say again. Sealed in one piece.
 */
export type Facts = Pick<Turn, 'bodyHash' | 'chainHash' | 'origin'>

const hashBytes = 32

/** Undefined where nothing is encrypted. */
export const sealFacts = (cipher: Cipher, id: string, facts: Facts): Buffer | undefined =>
  cipher.seals ? cipher.seal(`turn ${id}`, bytesOf(facts)) : undefined

const bytesOf = ({ bodyHash, chainHash, origin }: Facts): Buffer =>
  Buffer.concat([
    Buffer.from(bodyHash, 'base64url'),
    Buffer.from(chainHash, 'base64url'),
    Buffer.from(origin ? JSON.stringify(origin) : ''),
  ])

export const openFacts = (cipher: Cipher, id: string, sealed: Buffer): Facts => {
  const bytes = cipher.open(`turn ${id}`, sealed)
  const origin = bytes.toString('utf8', 2 * hashBytes)
  return {
    bodyHash: bytes.toString('base64url', 0, hashBytes),
    chainHash: bytes.toString('base64url', hashBytes, 2 * hashBytes),
    ...(origin !== '' && { origin: JSON.parse(origin) as TurnOrigin }),
  }
}

/** What a body is sealed as. */
export const bodyPlace = (bodyHash: string): string => `body ${bodyHash}`
