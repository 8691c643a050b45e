import type { Cipher } from '../encryption/vault.ts'
import type { TextCache } from './strict-keyv.ts'

/**
 * A cache whose server sees neither texts nor keys, which are hashes of what was said: both are encrypted, each text
 * for its key alone. What does not open is a miss.
 */
export const sealedCache = (server: TextCache, cipher: Cipher): TextCache => {
  const open = (key: string, text: string): string | undefined => {
    try {
      return cipher.open(key, Buffer.from(text, 'base64')).toString()
    } catch {
      // Of a key that is gone, or of nobody's.
      return undefined
    }
  }
  return {
    get: async (keys, signal) => {
      const texts = await server.get(
        keys.map((key) => cipher.nameOf(key)),
        signal,
      )
      return texts.map((text, at) => (text === undefined ? undefined : open(keys[at]!, text)))
    },
    set: (entries, signal, ttlMs) =>
      server.set(
        new Map(
          [...entries].map(([key, text]) => [
            cipher.nameOf(key),
            cipher.seal(key, Buffer.from(text)).toString('base64'),
          ]),
        ),
        signal,
        ttlMs,
      ),
    close: () => server.close(),
  }
}
