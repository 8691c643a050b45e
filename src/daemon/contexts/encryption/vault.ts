import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import type { ContextKey } from '../../../core/context.ts'
import { McpdError } from '../../../core/errors.ts'
import { damaged } from '../journal/verify.ts'

/** A key of `contexts.encryption`. */
export interface MasterKey {
  /** `[A-Za-z0-9_-]{1,32}`; it is written in front of everything that the key encrypts. */
  readonly id: string
  /** 32 bytes, never to be shown. */
  readonly key: Uint8Array
}

/**
 * Encrypts what is kept of contexts: AES-256-GCM, with a key for each tenant that follows from a master key by HKDF.
 * Nothing has to be kept for it, so journals, caches and other processes with the same keys read each other's bytes.
 * The first key encrypts; all decrypt. Without keys nothing is encrypted, and what is encrypted is refused by name.
 */
export interface Vault {
  /** Whether what is written from now on is encrypted. */
  readonly seals: boolean
  /** Of the key that encrypts. */
  readonly keyId?: string
  of(key: ContextKey): Cipher
  /** What stands for a tag: equal for equal tags of a tenant, and nobody without the key knows for which; by each key. */
  tagNames(tenant: string, tag: string): readonly string[]
}

/** Of one context. */
export interface Cipher {
  readonly key: ContextKey
  readonly seals: boolean
  /** `what` says what the bytes are, such as `about`; nothing else opens with it. Without keys: the bytes themselves. */
  seal(what: string, bytes: Buffer): Buffer
  /**
   * What was sealed, and as it is what was not. Throws CONFIG_INVALID where the key is not among these, and
   * CONTEXT_DAMAGED where the bytes are not those that were sealed as this.
   */
  open(what: string, bytes: Buffer): Buffer
  /** A name for a hash, base64url, that equal hashes share in this context alone. Without keys: the hash itself. */
  nameOf(hash: string): string
}

/** The first byte of everything sealed; JSON and zstd begin with others. Then the id of the key and a zero. */
const version = 1
/** Hashes that are not sealed begin with any byte; nothing that is sealed is as short. */
const hashBytes = 32
const nonceBytes = 12
const tagBytes = 16
const algorithm = 'aes-256-gcm'
/** Keys that were derived and are kept. */
const derivedMax = 1000

/** `isSealed` for whoever has to know before opening, such as to encrypt what is not. */
export const isSealed = (bytes: Uint8Array): boolean => bytes[0] === version && bytes.length !== hashBytes

/** The bytes that everything sealed with a key begins with. */
export const headerOf = (keyId: string): Buffer =>
  Buffer.concat([Buffer.of(version), Buffer.from(keyId), Buffer.of(0)])

interface Derived {
  readonly id: string
  readonly header: Buffer
  readonly encrypt: KeyObject
  readonly name: KeyObject
}

export const createVault = (keys: readonly MasterKey[] = []): Vault => {
  const masters = new Map(keys.map((master) => [master.id, master]))
  const known = new Map<string, Derived>()
  const [first] = keys

  const derive = (master: MasterKey, tenant: string): Derived => {
    const name = `${master.id}\0${tenant}`
    const found = known.get(name)
    if (found) return found
    const bytes = Buffer.from(hkdfSync('sha256', master.key, tenant, 'mcpd contexts 1', 64))
    const derived: Derived = {
      id: master.id,
      header: headerOf(master.id),
      encrypt: createSecretKey(bytes.subarray(0, 32)),
      name: createSecretKey(bytes.subarray(32)),
    }
    if (known.size >= derivedMax) known.clear()
    known.set(name, derived)
    return derived
  }
  const of = (key: ContextKey): Cipher => ({
    key,
    seals: first !== undefined,
    seal: (what, bytes) => (first ? seal(derive(first, key.tenant), key, what, bytes) : bytes),
    open: (what, bytes) => {
      if (!isSealed(bytes)) return bytes
      const id = keyIdOf(bytes)
      const master = masters.get(id)
      if (!master) throw missingKey(key, id)
      return open(derive(master, key.tenant), key, what, bytes)
    },
    nameOf: (hash) =>
      first ? nameBy(derive(first, key.tenant), JSON.stringify(['hash', key.context, hash])) : hash,
  })
  return {
    seals: first !== undefined,
    ...(first && { keyId: first.id }),
    of,
    tagNames: (tenant, tag) =>
      keys.map((master) => `%${nameBy(derive(master, tenant), JSON.stringify(['tag', tag]))}`),
  }
}

/** Of something sealed. */
export const keyIdOf = (bytes: Buffer): string =>
  bytes.toString('latin1', 1, Math.max(1, bytes.indexOf(0, 1)))

const placeOf = ({ tenant, context }: ContextKey, what: string): Buffer =>
  Buffer.from(JSON.stringify([tenant, context, what]))

/** A random nonce each time: 2^32 times for one key are safe. */
const seal = ({ header, encrypt }: Derived, key: ContextKey, what: string, bytes: Buffer): Buffer => {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, encrypt, nonce)
  cipher.setAAD(Buffer.concat([header, placeOf(key, what)]))
  const body = cipher.update(bytes)
  return Buffer.concat([header, nonce, body, cipher.final(), cipher.getAuthTag()])
}

const open = ({ id, header, encrypt }: Derived, key: ContextKey, what: string, bytes: Buffer): Buffer => {
  const from = header.length + nonceBytes
  const to = bytes.length - tagBytes
  try {
    const decipher = createDecipheriv(algorithm, encrypt, bytes.subarray(header.length, from), {
      authTagLength: tagBytes,
    })
    decipher.setAAD(Buffer.concat([header, placeOf(key, what)]))
    decipher.setAuthTag(bytes.subarray(to))
    const body = decipher.update(bytes.subarray(from, to))
    decipher.final()
    return body
  } catch (error) {
    throw damaged(
      key,
      `something of it does not open with the key ${id}: its bytes were changed, or another key has this id`,
      error,
    )
  }
}

const nameBy = ({ name }: Derived, text: string): string =>
  createHmac('sha256', name).update(text).digest('base64url')

/** Of whoever is asked to encrypt without a key. */
export const noKey = (): McpdError =>
  new McpdError('BAD_REQUEST', 'There is no key to encrypt contexts with.', {
    suggestions: ['Name one in contexts.encryption, and start the daemon again.'],
  })

/** Not damage: it can be read again as soon as the key is there. */
const missingKey = ({ context }: ContextKey, id: string): McpdError =>
  new McpdError(
    'CONFIG_INVALID',
    `The context ${context} is encrypted with the key ${id}, which contexts.encryption does not name.`,
    { suggestions: [`Name the key ${id} there behind the one that is to encrypt, and start again.`] },
  )
