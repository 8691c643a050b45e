import { describe, expect, it } from 'vitest'
import {
  createVault,
  headerOf,
  isSealed,
  keyIdOf,
} from '../../../../../src/daemon/contexts/encryption/vault.ts'

const k1 = { id: 'k1', key: new Uint8Array(32).fill(1) }
const k2 = { id: 'k2', key: new Uint8Array(32).fill(2) }
const key = { tenant: 'default', context: 'talk' }
const text = Buffer.from('{"role":"user"}')

describe('a vault', () => {
  it('opens what it sealed, as that and nothing else', () => {
    const vault = createVault([k1])
    const sealed = vault.of(key).seal('about', text)
    expect(vault.of(key).open('about', sealed)).toEqual(text)
    expect(sealed.includes(text)).toBe(false)
    for (const [other, what] of [
      [key, 'turn a'],
      [{ ...key, context: 'other' }, 'about'],
      [{ ...key, tenant: 'other' }, 'about'],
    ] as const)
      expect(() => vault.of(other).open(what, sealed)).toThrowError(
        expect.objectContaining({ code: 'CONTEXT_DAMAGED' }),
      )
  })

  it('notices every changed byte', () => {
    const cipher = createVault([k1]).of(key)
    const sealed = cipher.seal('about', text)
    for (let at = headerOf('k1').length; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed)
      changed[at]! ^= 1
      expect(() => cipher.open('about', changed)).toThrowError(
        expect.objectContaining({ code: 'CONTEXT_DAMAGED' }),
      )
    }
    expect(() => cipher.open('about', sealed.subarray(0, 12))).toThrowError(
      expect.objectContaining({ code: 'CONTEXT_DAMAGED' }),
    )
  })

  it('takes a hash for what it is, whatever it begins with', () => {
    const hash = Buffer.alloc(32, 7)
    for (let first = 0; first < 256; first += 1) {
      hash[0] = first
      expect(createVault().of(key).open('fingerprint', hash)).toEqual(hash)
    }
    const sealed = createVault([k1]).of(key).seal('fingerprint', hash)
    expect(createVault([k1]).of(key).open('fingerprint', sealed)).toEqual(hash)
  })

  it('never seals the same bytes alike', () => {
    const cipher = createVault([k1]).of(key)
    expect(cipher.seal('about', text)).not.toEqual(cipher.seal('about', text))
  })

  it('encrypts with its first key, decrypts with all, and names one that is missing', () => {
    const old = createVault([k1]).of(key).seal('about', text)
    const both = createVault([k2, k1]).of(key)
    expect(both.open('about', old)).toEqual(text)
    expect(keyIdOf(both.seal('about', text))).toBe('k2')
    expect(() => createVault([k2]).of(key).open('about', old)).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('k1') as string }),
    )
    // Another key under the same id.
    expect(() =>
      createVault([{ ...k2, id: 'k1' }])
        .of(key)
        .open('about', old),
    ).toThrowError(expect.objectContaining({ code: 'CONTEXT_DAMAGED' }))
  })

  it('without keys hands on what is plain', () => {
    const cipher = createVault().of(key)
    expect(cipher.seals).toBe(false)
    expect(cipher.seal('about', text)).toBe(text)
    expect(cipher.open('about', text)).toBe(text)
    expect(isSealed(text)).toBe(false)
  })

  it('gives equal hashes and tags one name in their context and tenant alone', () => {
    const vault = createVault([k1])
    const name = vault.of(key).nameOf('hash')
    expect(vault.of(key).nameOf('hash')).toBe(name)
    expect(vault.of({ ...key, context: 'other' }).nameOf('hash')).not.toBe(name)
    expect(vault.tagNames('a', 'x')).not.toEqual(vault.tagNames('b', 'x'))
    expect(createVault([k2, k1]).tagNames('a', 'x')[1]).toBe(vault.tagNames('a', 'x')[0])
  })
})
