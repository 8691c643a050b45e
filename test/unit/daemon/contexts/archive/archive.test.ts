import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, unlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bodyOf } from '../../../../../src/core/canonical-json.ts'
import type { Journal } from '../../../../../src/core/journal.ts'
import { createVault, type MasterKey } from '../../../../../src/daemon/contexts/encryption/vault.ts'
import { newId } from '../../../../../src/daemon/contexts/ids.ts'
import { openPostgresJournal } from '../../../../../src/daemon/contexts/journal/postgres.ts'
import { postgresMissing, type PostgresServer, startPostgres } from '../../../../harness/postgres.ts'

const missing = postgresMissing()
const k1: MasterKey = { id: 'k1', key: new Uint8Array(32).fill(1) }
const k2: MasterKey = { id: 'k2', key: new Uint8Array(32).fill(2) }
const main = { head: 'main' }
const keyOf = (context: string) => ({ tenant: 'default', context })
const say = (content: string) => ({ role: 'user' as const, body: bodyOf({ role: 'user', content }) })

let server: PostgresServer
let directory: string
let opened: Journal[]
beforeAll(async () => {
  if (missing === undefined) server = await startPostgres()
})
afterAll(() => server?.close())
beforeEach(async () => {
  opened = []
  directory = await mkdtemp(join(tmpdir(), 'mcpd-archive-'))
  if (missing === undefined) await server.query('DROP SCHEMA IF EXISTS mcpd CASCADE')
})
afterEach(async () => {
  await Promise.all(opened.map((journal) => journal.close()))
  await rm(directory, { recursive: true })
})

const open = async (keys: readonly MasterKey[] = [], archives = true): Promise<Journal> => {
  const journal = await openPostgresJournal({
    url: server.url,
    now: Date.now,
    newId,
    vault: createVault(keys),
    ...(archives && { archive: { directory, afterMs: 0 } }),
  })
  opened.push(journal)
  return journal
}

/** Two heads, sealed and unsealed turns, and something said of it. */
const fill = async (journal: Journal, context: string): Promise<void> => {
  await journal.append({
    ...keyOf(context),
    ...main,
    expected: null,
    about: { title: 'Trip', tags: ['x'] },
    turns: Array.from({ length: 40 }, (_, index) => ({ ...say(`word${index}`), id: `${context}-${index}` })),
  })
  await journal.append({
    ...keyOf(context),
    head: 'fork',
    expected: null,
    base: `${context}-3`,
    turns: [{ ...say('elsewhere'), pinned: true }],
  })
  await journal.seal()
}

const everything = async (journal: Journal, context: string) => {
  const { archived, updatedAt, ...summary } = (await journal.summary(keyOf(context))) ?? {}
  void updatedAt
  return { archived, summary, turns: await journal.turns(keyOf(context)) }
}
const files = async (): Promise<readonly string[]> =>
  (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
const countTurns = async (): Promise<unknown> =>
  (await server.query('SELECT count(*)::int AS count FROM mcpd.turns'))[0]?.['count']

describe.skipIf(missing !== undefined)(`the archive${missing === undefined ? '' : ` (${missing})`}`, () => {
  it.each([
    ['plain', []],
    ['encrypted', [k1]],
  ])('takes what nobody uses, %s, and gives it back when it is read', async (_, keys) => {
    const journal = await open(keys)
    await fill(journal, 'a')
    await fill(journal, 'b')
    const before = await everything(journal, 'a')
    await journal.collect({})
    expect(await countTurns()).toBe(0)
    expect(await files()).toHaveLength(2)
    const bytes = await readFile((await files())[0] ?? '')
    expect(bytes[0] === 1).toBe(keys.length > 0)
    // It is listed as it was, and its name stays taken.
    expect(await journal.summary(keyOf('a'))).toMatchObject({ ...before.summary, archived: true })
    const { contexts } = await journal.list({ tenant: 'default', tag: 'x', limit: 10 })
    expect(contexts.map(({ archived }) => archived)).toEqual([true, true])
    expect(await journal.stats()).toMatchObject({ contexts: 2, archived: 2, turns: 0 })
    expect(await Array.fromAsync(journal.fsck())).toEqual([])

    expect(await journal.path(keyOf('a'), main)).toMatchObject({ length: 40 })
    expect(await everything(journal, 'a')).toEqual({ ...before, archived: undefined })
    // By its turns, and by going on.
    expect(await journal.findTurn('default', 'b-7')).toMatchObject({ context: 'b', turn: { seq: 8 } })
    await journal.collect({})
    expect(
      await journal.append({ ...keyOf('b'), ...main, expected: 'b-39', turns: [say('on')] }),
    ).toMatchObject({
      outcome: 'ok',
    })
    expect((await journal.path(keyOf('b'), main))?.length).toBe(41)
    expect(await Array.fromAsync(journal.fsck())).toEqual([])
  })

  it('brings back once what many ask for, in two daemons', async () => {
    const [one, two] = [await open(), await open()]
    await fill(one, 'a')
    await one.collect({})
    const paths = await Promise.all(
      Array.from({ length: 12 }, (_, index) => (index % 2 ? one : two).path(keyOf('a'), main)),
    )
    expect(paths.map((path) => path?.length)).toEqual(paths.map(() => 40))
    expect(await countTurns()).toBe(41)
  })

  it('leaves what is being used, what has open answers, and what is damaged', async () => {
    const journal = await open()
    await fill(journal, 'a')
    await journal.append({
      ...keyOf('a'),
      ...main,
      expected: '*',
      turns: [],
      opens: { id: 'o', role: 'assistant' },
    })
    await fill(journal, 'b')
    await server.query("UPDATE mcpd.turns SET chain_hash = '\\x00' WHERE id = 'b-5'")
    await fill(journal, 'c')
    await journal.append({ ...keyOf('c'), ...main, expected: '*', turns: [say('now')], idempotencyKey: 'k' })
    await journal.collect({})
    expect(await journal.stats()).toMatchObject({ contexts: 3, archived: 0 })
  })

  it('says what is missing, and never that nothing was said', async () => {
    const journal = await open()
    await fill(journal, 'a')
    await journal.collect({})
    const [file = ''] = await files()
    const bytes = await readFile(file)
    await unlink(file)
    const name = /a\.[\w-]+\.jsonl\.zst/
    for (const work of [
      () => journal.path(keyOf('a'), main),
      () => journal.turns(keyOf('a')),
      () => journal.append({ ...keyOf('a'), ...main, expected: '*', turns: [say('x')] }),
      () => journal.findTurn('default', 'a-1'),
    ])
      await expect(work()).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringMatching(name) as string,
      })
    expect(await Array.fromAsync(journal.fsck())).toMatchObject([
      { kind: 'archive-unreadable', context: 'a' },
    ])
    bytes[bytes.length >> 1]! ^= 1
    await writeFile(file, bytes)
    await expect(journal.path(keyOf('a'), main)).rejects.toMatchObject({ code: 'CONTEXT_DAMAGED' })
    const without = await open([], false)
    await expect(without.path(keyOf('a'), main)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    expect(await journal.path(keyOf('nothing'), main)).toBeUndefined()
  })

  it('leaves everything where it is while the directory cannot be written', async () => {
    const before = directory
    directory = join(before, 'file')
    await writeFile(directory, '')
    const journal = await open()
    await fill(journal, 'a')
    await expect(journal.collect({})).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    directory = before
    expect((await journal.path(keyOf('a'), main))?.length).toBe(40)
    expect(await journal.stats()).toMatchObject({ archived: 0 })
  })

  it('deletes with a context its file, and later what nothing names', async () => {
    const journal = await open()
    await fill(journal, 'a')
    await fill(journal, 'b')
    await journal.collect({})
    await journal.delete(keyOf('a'))
    await journal.path(keyOf('b'), main)
    await journal.append({ ...keyOf('b'), ...main, expected: '*', turns: [say('x')], idempotencyKey: 'k' })
    await journal.collect({})
    // The file of what was brought back stays a day.
    const [left = '', ...rest] = await files()
    expect(rest).toEqual([])
    expect(left).toContain('/b.')
    await utimes(left, 0, 0)
    await journal.collect({})
    expect(await files()).toEqual([])
  })

  it('is rotated with the rest', async () => {
    const plain = await open()
    await fill(plain, 'a')
    const before = await everything(plain, 'a')
    await plain.collect({})
    await (await open([k1])).rotate()
    const next = await open([k2, k1])
    expect(Object.keys(await next.keys())).toEqual(['k1'])
    await next.rotate()
    expect(Object.keys(await next.keys())).toEqual(['k2'])
    const last = await open([k2])
    expect(await files()).toHaveLength(1)
    await last.path(keyOf('a'), main)
    expect(await everything(last, 'a')).toEqual({ ...before, archived: undefined })
  })

  it.each(['archive-written', 'archive-committed', 'archive-thawed'])(
    'loses nothing by a crash at %s',
    async (point) => {
      const journal = await open([], false)
      await fill(journal, 'a')
      const before = await everything(journal, 'a')
      const run = promisify(execFile)(
        process.execPath,
        [fileURLToPath(new URL('one-run.ts', import.meta.url)), server.url, directory],
        { env: { ...process.env, MCPD_FAILPOINT: point } },
      )
      await expect(run).rejects.toMatchObject({ signal: 'SIGKILL' })
      const next = await open()
      expect(await everything(next, 'a')).toMatchObject({ summary: before.summary, turns: before.turns })
      await next.collect({})
      expect(await next.stats()).toMatchObject({ archived: 1 })
      expect(await everything(next, 'a')).toMatchObject({ turns: before.turns })
      expect(await Array.fromAsync(next.fsck())).toEqual([])
    },
  )
})
