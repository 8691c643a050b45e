import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bodyOf } from '../../../../../src/core/canonical-json.ts'
import type { Journal } from '../../../../../src/core/journal.ts'
import { createVault, type MasterKey } from '../../../../../src/daemon/contexts/encryption/vault.ts'
import { newId } from '../../../../../src/daemon/contexts/ids.ts'
import { openPostgresJournal } from '../../../../../src/daemon/contexts/journal/postgres.ts'
import { openSqliteJournal } from '../../../../../src/daemon/contexts/journal/sqlite.ts'
import { postgresMissing, type PostgresServer, startPostgres } from '../../../../harness/postgres.ts'

const k1: MasterKey = { id: 'k1', key: new Uint8Array(32).fill(1) }
const k2: MasterKey = { id: 'k2', key: new Uint8Array(32).fill(2) }
const main = { head: 'main' }
const keyOf = (context: string) => ({ tenant: 'default', context })
/** Found in nothing that is encrypted. */
const secret = 'Zanzibar'

interface Store {
  readonly open: (keys: readonly MasterKey[]) => Promise<Journal>
  /** Everything that the store has on its disk. */
  readonly bytes: () => Promise<string>
  readonly close: () => Promise<void>
}

const sqlite = async (): Promise<Store> => {
  const directory = await mkdtemp(join(tmpdir(), 'mcpd-rotation-'))
  return {
    open: (keys) => openSqliteJournal({ path: join(directory, 'contexts.db'), keys }),
    bytes: async () => {
      const names = await readdir(directory)
      return (await Promise.all(names.map((name) => readFile(join(directory, name), 'latin1')))).join('')
    },
    close: () => rm(directory, { recursive: true }),
  }
}

const missing = postgresMissing()
let server: PostgresServer | undefined
beforeAll(async () => {
  if (missing === undefined) server = await startPostgres()
})
afterAll(() => server?.close())

const postgres = async (): Promise<Store> => {
  const query = (text: string) => server?.query(text) ?? Promise.resolve([])
  await query('DROP SCHEMA IF EXISTS mcpd CASCADE')
  return {
    open: (keys) =>
      openPostgresJournal({ url: server?.url ?? '', now: Date.now, newId, vault: createVault(keys) }),
    bytes: async () => {
      const tables = ['contexts', 'turns', 'segments', 'idempotency', 'outbox', 'heads']
      const rows = await Promise.all(
        tables.map((table) =>
          query(
            `SELECT string_agg(encode(convert_to(row_to_json(${table})::text, 'UTF8'), 'escape'), '') AS text FROM mcpd.${table}`,
          ),
        ),
      )
      return rows.map(([row]) => String(row?.['text'])).join('')
    },
    close: async () => undefined,
  }
}

/** Small turns and a segment of large ones, with everything that can be said of a context. */
const fill = async (journal: Journal): Promise<void> => {
  for (const context of ['a', 'b']) {
    await journal.append({
      ...keyOf(context),
      head: 'main',
      expected: null,
      about: { title: secret, tags: [secret, 'x'], metadata: { note: secret } },
      turns: Array.from({ length: 40 }, (_, index) => ({
        role: 'user' as const,
        // Half of them the same in both.
        body: bodyOf({ role: 'user', content: `${secret} ${index < 20 ? '' : context}${index}` }),
        origin: { model: secret },
      })),
      idempotencyKey: 'first',
    })
    await journal.append({
      ...keyOf(context),
      head: 'main',
      expected: '*',
      turns: [],
      opens: { id: `${context}-open`, role: 'assistant' },
    })
  }
  await journal.seal()
}

/** Everything that can be read. */
const read = async (journal: Journal) => ({
  a: await journal.turns(keyOf('a')),
  b: await journal.path(keyOf('b'), main),
  // A change of the encryption is none of a context.
  list: await journal.list({ tenant: 'default', tag: secret, limit: 10 }),
  found: (await journal.search({ tenant: 'default', text: secret, limit: 100 })).length,
  problems: await Array.fromAsync(journal.fsck()),
})

describe.each([
  ['sqlite', sqlite, undefined],
  ['postgres', postgres, missing],
] as const)('encryption of %s', (_, make, skipped) => {
  let store: Store
  let journal: Journal | undefined
  beforeEach(async () => {
    if (skipped === undefined) store = await make()
  })
  afterEach(async () => {
    await journal?.close()
    journal = undefined
    if (skipped === undefined) await store.close()
  })
  const reopen = async (...keys: MasterKey[]): Promise<Journal> => {
    await journal?.close()
    journal = await store.open(keys)
    return journal
  }
  const code = async (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'none',
      (error: unknown) => (error as { code?: string }).code,
    )

  it.skipIf(skipped !== undefined)(
    'begins in a store with plain rows, and is rotated to another key',
    async () => {
      const plain = await reopen()
      await fill(plain)
      expect(await code(plain.rotate())).toBe('BAD_REQUEST')
      const before = await read(plain)
      expect(before.found).toBe(80)

      const first = await reopen(k1)
      // The open turns were another run's.
      expect(await read(first)).toEqual(before)
      expect(Object.keys(await first.keys())).toContain('')
      expect(await first.rotate()).toBeGreaterThan(80)
      expect(Object.keys(await first.keys())).toEqual(['k1'])
      expect(await first.rotate()).toBe(0)
      expect(await read(first)).toEqual(before)

      const second = await reopen(k2, k1)
      expect(await read(second)).toEqual(before)
      expect(await second.rotate()).toBeGreaterThan(80)
      expect(Object.keys(await second.keys())).toEqual(['k2'])

      const last = await reopen(k2)
      expect(await read(last)).toEqual(before)
      const again = {
        ...keyOf('a'),
        ...main,
        expected: null,
        turns: before.a!.slice(0, 40).map(({ role, body }) => ({ role, body })),
        idempotencyKey: 'first',
      }
      expect(await last.append(again)).toMatchObject({ outcome: 'duplicate' })
      await last.collect({})
      await last.close()
      expect(await store.bytes()).not.toContain(secret)
      expect((await store.bytes()).toLowerCase()).not.toContain(secret.toLowerCase())
    },
  )

  it.skipIf(skipped !== undefined)(
    'rotates while others write, and goes on after it was broken off',
    async () => {
      await fill(await reopen())
      const sealing = await reopen(k1)
      const stop = new AbortController()
      let looks = 0
      stop.signal.throwIfAborted = () => {
        looks += 1
        if (looks > 2) throw new Error('broken off')
      }
      await expect(sealing.rotate(stop.signal)).rejects.toThrow('broken off')
      expect(Object.keys(await sealing.keys()).toSorted()).toEqual(['', 'k1'])
      const write = async (context: string): Promise<void> => {
        for (let index = 0; index < 20; index += 1)
          await sealing.append({
            ...keyOf(context),
            head: 'other',
            expected: index === 0 ? null : '*',
            turns: [{ role: 'user', body: bodyOf({ role: 'user', content: `${secret} more ${index}` }) }],
          })
      }
      await Promise.all([sealing.rotate(), write('a'), write('b'), sealing.seal()])
      expect(Object.keys(await sealing.keys())).toEqual(['k1'])
      for (const context of ['a', 'b'])
        expect((await sealing.path(keyOf(context), { head: 'other' }))?.length).toBe(20)
      expect((await read(sealing)).problems).toEqual([])
    },
  )

  it.skipIf(skipped !== undefined)('keeps words again where nothing is encrypted', async () => {
    const found = async (keep: Journal) =>
      (await keep.search({ tenant: 'default', text: secret, limit: 100 })).length
    await fill(await reopen())
    expect(await found(await reopen(k1))).toBe(80)
    expect(await found(await reopen())).toBe(80)
  })

  it.skipIf(skipped !== undefined)('writes nothing that tells what was said', async () => {
    const sealed = await reopen(k1)
    await fill(sealed)
    await sealed.append({
      ...keyOf('a'),
      head: 'late',
      expected: null,
      base: null,
      turns: [{ role: 'user', body: bodyOf({ role: 'user', content: secret }) }],
    })
    await sealed.annotate(keyOf('a'), { title: `${secret} again` })
    expect((await sealed.summary(keyOf('a')))?.title).toBe(`${secret} again`)
    const { a } = await read(sealed)
    const bytes = await store.bytes()
    expect(bytes.toLowerCase()).not.toContain(secret.toLowerCase())
    // Nor the hashes of what was said, which would tell whether a guess is right.
    for (const { bodyHash, chainHash } of a ?? [])
      for (const hash of [bodyHash, chainHash]) {
        const raw = Buffer.from(hash, 'base64url')
        expect(bytes.includes(raw.toString('latin1')) || bytes.includes(raw.toString('hex'))).toBe(false)
      }
  })

  it.skipIf(skipped !== undefined)('without its key names it, and shows and writes nothing', async () => {
    await fill(await reopen(k1))
    const without = await reopen()
    for (const work of [
      () => without.path(keyOf('a'), main),
      () => without.turns(keyOf('a')),
      () => without.summary(keyOf('a')),
      () => without.list({ tenant: 'default', limit: 10 }),
      () =>
        without.append({
          ...keyOf('a'),
          ...main,
          expected: '*',
          turns: [{ role: 'user', body: bodyOf({ role: 'user', content: 'x' }) }],
        }),
      () => without.annotate(keyOf('a'), { title: 'x' }),
    ])
      await expect(work()).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/context [ab] is encrypted with the key k1/) as string,
      })
    expect(await Array.fromAsync(without.fsck())).toMatchObject([
      { kind: 'key-missing', context: 'a' },
      { kind: 'key-missing', context: 'b' },
    ])
    const wrong = await reopen({ ...k2, id: 'k1' })
    expect(await code(wrong.path(keyOf('a'), main))).toBe('CONTEXT_DAMAGED')
    expect((await read(await reopen(k1))).problems).toEqual([])
  })
})
