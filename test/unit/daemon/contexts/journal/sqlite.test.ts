import { copyFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { bodyOf } from '../../../../../src/core/canonical-json.ts'
import type { Append } from '../../../../../src/core/context.ts'
import type { Journal } from '../../../../../src/core/journal.ts'
import { sha256 } from '../../../../../src/daemon/contexts/journal/hashes.ts'
import { openSqliteJournal } from '../../../../../src/daemon/contexts/journal/sqlite.ts'

let directory: string
let path: string
let opened: Journal[]

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mcpd-sqlite-'))
  path = join(directory, 'contexts.db')
  opened = []
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await Promise.all(opened.map((journal) => journal.close()))
  await rm(directory, { recursive: true })
})

const open = async (options: { path?: string; maxPages?: number } = {}): Promise<Journal> => {
  const journal = await openSqliteJournal({ path, ...options })
  opened.push(journal)
  return journal
}

const key = { tenant: 'default', context: 'talk' }
const main = { head: 'main' }
const say = (text: string) => ({ role: 'user' as const, body: bodyOf({ role: 'user', content: text }) })
const append = (journal: Journal, texts: readonly string[], more: Partial<Append> = {}) =>
  journal.append({ ...key, ...main, expected: '*', turns: texts.map(say), ...more })
const textsOf = async (journal: Journal, context = key.context) =>
  (await journal.path({ ...key, context }, main))?.turns.map(
    ({ body }) => (JSON.parse(body.toString()) as { content: string }).content,
  )
const words = (count: number, word = 'turn') =>
  Array.from({ length: count }, (_, index) => `${word} ${index} ${'lorem ipsum '.repeat(20)}`)
const problemsOf = (journal: Journal) => Array.fromAsync(journal.fsck())

/** Changes the file behind the daemon's back. */
const tamper = (statement: string): void => {
  const db = new DatabaseSync(path)
  db.exec(statement)
  db.close()
}

describe('the file', () => {
  it('is nobody else’s to read', async () => {
    const journal = await open()
    await append(journal, ['one'], { expected: null })
    await journal.search({ tenant: 'default', text: 'one', limit: 1 })
    for (const name of await readdir(directory))
      if (!name.includes('.lock')) expect((await stat(join(directory, name))).mode & 0o077, name).toBe(0)
  })

  it('of a newer mcpd is refused and left as it is', async () => {
    await (await open()).close()
    tamper('PRAGMA user_version = 999')
    await expect(open()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('schema 999') as string,
    })
  })

  it('that is none is refused', async () => {
    await copyFile(new URL(import.meta.url), path)
    await expect(open()).rejects.toMatchObject({ code: 'CONTEXT_DAMAGED' })
  })

  it('has one daemon at a time', async () => {
    const journal = await open()
    await expect(open()).rejects.toMatchObject({ code: 'DAEMON_RUNNING' })
    await journal.close()
    await open()
  })
})

describe('damage', () => {
  /** Two contexts, the first sealed but for its end. */
  const prepare = async () => {
    const journal = await open()
    await append(journal, words(40), { expected: null })
    await append(journal, words(3, 'other'), { expected: null, context: 'sound' })
    await journal.seal()
    await append(journal, ['the end'])
    expect((await journal.stats()).segments).toBe(1)
    await journal.close()
  }

  it.each([
    ['segment-changed', 'UPDATE segments SET data = zeroblob(length(data))'],
    ['segment-missing', 'DELETE FROM segments'],
    ['body-missing', 'DELETE FROM bodies WHERE b = (SELECT max(b) FROM turns)'],
    [
      'body-changed',
      "UPDATE bodies SET data = '{}', zstd = 0 WHERE b = (SELECT b FROM turns WHERE k = 1 AND b NOT NULL LIMIT 1)",
    ],
    ['chain-broken', 'UPDATE turns SET chain_hash = zeroblob(32) WHERE k = 1 AND seq = 20'],
    ['parent-missing', 'DELETE FROM turns WHERE k = 1 AND seq = 20'],
    ['head-dangling', 'UPDATE heads SET t = 12345 WHERE k = 1'],
  ])('of the kind %s is named, and never read as a shorter conversation', async (kind, statement) => {
    await prepare()
    tamper(statement)
    const journal = await open()
    await expect(journal.path(key, main)).rejects.toMatchObject({ code: 'CONTEXT_DAMAGED' })
    const problems = await problemsOf(journal)
    expect(problems.map((problem) => problem.kind)).toContain(kind)
    expect(problems.filter((problem) => problem.kind === kind)[0]).toMatchObject({ context: 'talk' })
    expect(await textsOf(journal, 'sound')).toHaveLength(3)
  })

  it('by one flipped byte of a segment in the file is named', async () => {
    await prepare()
    const { data } = (() => {
      const db = new DatabaseSync(path)
      const row = db.prepare('SELECT data FROM segments').get() as { data: Uint8Array }
      db.close()
      return row
    })()
    const bytes = await readFile(path)
    const at = bytes.indexOf(Buffer.from(data.subarray(20, 120))) + 50
    bytes[at] = (bytes[at] ?? 0) ^ 0x10
    await writeFile(path, bytes)
    const journal = await open()
    await expect(journal.path(key, main)).rejects.toMatchObject({ code: 'CONTEXT_DAMAGED' })
    expect(await problemsOf(journal)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ context: 'talk', turn: expect.any(String) as string }),
      ]),
    )
  })

  it('of counts is named', async () => {
    await prepare()
    tamper('UPDATE bodies SET refs = refs + 1')
    expect((await problemsOf(await open())).map(({ kind }) => kind)).toContain('references-wrong')
  })

  it('of the last words of the log loses what was not acknowledged and nothing else', async () => {
    const journal = await open()
    for (const text of words(20))
      await append(journal, [text], { expected: text.startsWith('turn 0') ? null : '*' })
    const copy = join(directory, 'copy.db')
    await copyFile(path, copy)
    await copyFile(`${path}-wal`, `${copy}-wal`)
    const { size } = await stat(`${copy}-wal`)
    // In the middle of the last frame: as if the machine had gone while it was written.
    await truncate(`${copy}-wal`, size - 2000)
    const torn = await open({ path: copy })
    expect(await textsOf(torn)).toEqual(words(20).slice(0, 19))
    expect(await problemsOf(torn)).toEqual([])
  })
})

describe('a full disk', () => {
  it('refuses, keeps what it acknowledged, and recovers by itself', async () => {
    const journal = await open({ maxPages: 120 })
    await append(journal, ['begin'], { expected: null })
    const acknowledged = ['begin']
    // Nothing that zstd could make smaller.
    const big = (index: number) =>
      Array.from({ length: 500 }, (_, part) => sha256(Buffer.from(`${index} ${part}`))).join('')
    let refused: unknown
    for (let index = 0; index < 100 && refused === undefined; index += 1)
      await append(journal, [big(index)]).then(
        () => acknowledged.push(big(index)),
        (error: unknown) => (refused = error),
      )
    expect(refused).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('full') as string,
      details: { retryAfterSeconds: 5 },
    })
    expect(await textsOf(journal)).toEqual(acknowledged)
    expect(await problemsOf(journal)).toEqual([])
    await journal.delete(key)
    await journal.collect({})
    await append(journal, ['again'], { expected: null })
    expect(await textsOf(journal)).toEqual(['again'])
  })
})

describe('a thread that dies', () => {
  it.each([
    ['before-commit', 'ok'],
    ['after-commit', 'duplicate'],
  ])('%s leaves a question that its key answers', async (point, outcome) => {
    vi.stubEnv('MCPD_FAILPOINT', `${point}@2=crash`)
    const journal = await open()
    await append(journal, ['one'], { expected: null })
    const request = { idempotencyKey: 'k' }
    await expect(append(journal, ['two'], request)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('not known') as string,
    })
    vi.unstubAllEnvs()
    expect((await append(journal, ['two'], request)).outcome).toBe(outcome)
    expect(await textsOf(journal)).toEqual(['one', 'two'])
  })
})

describe('what is deleted', () => {
  it('is in no file any more', async () => {
    const journal = await open()
    const secret = 'Xylophonquarz'
    await append(journal, words(70, secret), { expected: null })
    await append(journal, [secret], { expected: null, context: 'short' })
    await append(journal, ['kept'], { expected: null, context: 'kept' })
    await journal.seal()
    const hits = await journal.search({ tenant: 'default', text: secret, limit: 100 })
    expect(hits).toHaveLength(71)
    const holding = async () => {
      const names = await readdir(directory)
      const found: string[] = []
      for (const name of names) {
        const text = (await readFile(join(directory, name))).toString('latin1').toLowerCase()
        if (text.includes(secret.toLowerCase())) found.push(name)
      }
      return found
    }
    expect((await holding()).some((name) => name.startsWith('contexts.db'))).toBe(true)
    await journal.delete(key)
    await journal.delete({ ...key, context: 'short' })
    expect(await journal.collect({})).toMatchObject({ segments: 2 })
    expect(await holding()).toEqual([])
    expect(await textsOf(journal, 'kept')).toEqual(['kept'])
    expect(await problemsOf(journal)).toEqual([])
  })
})

describe('the search index', () => {
  it('is built again when it is lost', async () => {
    const first = await open()
    await append(first, words(450), { expected: null })
    await first.search({ tenant: 'default', text: 'turn', limit: 1 })
    await first.close()
    await rm(join(directory, 'contexts-search.db'))
    const journal = await open()
    await append(journal, ['turn the last'])
    expect(await journal.search({ tenant: 'default', text: 'turn', limit: 1000 })).toHaveLength(451)
  })
})

describe('sealing', () => {
  it('happens by itself when it is quiet, and keeps the unsealed end short', async () => {
    const journal = await open()
    await append(journal, words(150), { expected: null })
    await append(journal, [], { head: 'fork', expected: null, base: null })
    await expect.poll(async () => (await journal.stats()).segments).toBe(4)
    const { bodies, bytes } = await journal.stats()
    expect(bodies).toBe(150 - 4 * 32)
    expect(bytes.segments + bytes.bodies).toBeLessThan(bytes.content / 3)
    expect(await textsOf(journal)).toEqual(words(150))
  })

  it('of equal conversations makes one segment', async () => {
    const journal = await open()
    for (const context of ['a', 'b', 'c']) await append(journal, words(32), { expected: null, context })
    await journal.seal()
    expect(await journal.stats()).toMatchObject({ segments: 1, bodies: 0, turns: 96 })
    await journal.delete({ ...key, context: 'a' })
    await journal.collect({})
    expect(await textsOf(journal, 'b')).toEqual(words(32))
    expect(await problemsOf(journal)).toEqual([])
  })
})
