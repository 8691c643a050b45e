import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bodyOf } from '../../../../../src/core/canonical-json.ts'
import type { Append } from '../../../../../src/core/context.ts'
import type { Journal } from '../../../../../src/core/journal.ts'
import { createVault } from '../../../../../src/daemon/contexts/encryption/vault.ts'
import { newId } from '../../../../../src/daemon/contexts/ids.ts'
import { chainHashOf, sha256 } from '../../../../../src/daemon/contexts/journal/hashes.ts'
import {
  openPostgresJournal,
  type PostgresJournalOptions,
} from '../../../../../src/daemon/contexts/journal/postgres.ts'
import { postgresMissing, type PostgresServer, startPostgres } from '../../../../harness/postgres.ts'

const missing = postgresMissing()

let server: PostgresServer
let opened: Journal[]
beforeAll(async () => {
  if (missing === undefined) server = await startPostgres()
})
afterAll(() => server?.close())
beforeEach(async () => {
  opened = []
  if (missing === undefined) await server.query('DROP SCHEMA IF EXISTS mcpd CASCADE')
})
afterEach(async () => {
  await Promise.all(opened.map((journal) => journal.close()))
})

const open = async (options: Partial<PostgresJournalOptions> = {}) => {
  const journal = await openPostgresJournal({ url: server.url, now: Date.now, newId, ...options })
  opened.push(journal)
  return journal
}
/** The same server, another database, user or setting. */
const urlWith = (change: (url: URL) => void): string => {
  const url = new URL(server.url)
  change(url)
  return url.href
}

const key = { tenant: 'default', context: 'talk' }
const main = { head: 'main' }
const say = (text: string) => ({ role: 'user' as const, body: bodyOf({ role: 'user', content: text }) })
const append = (journal: Journal, texts: readonly string[], more: Partial<Append> = {}) =>
  journal.append({ ...key, ...main, expected: '*', turns: texts.map(say), ...more })
const textsOf = async (journal: Journal) =>
  (await journal.path(key, main))?.turns.map(
    ({ body }) => (JSON.parse(body.toString()) as { content?: string }).content,
  )

describe.skipIf(missing !== undefined)(`PostgreSQL${missing === undefined ? '' : ` (${missing})`}`, () => {
  it('lets two daemons write one conversation, each turn once and in one order', async () => {
    const [one, two] = [await open(), await open()]
    await append(one, ['begin'], { expected: null })
    const acknowledged: string[] = []
    const write = async (journal: Journal, text: string, expected: string): Promise<void> => {
      const result = await append(journal, [text], { expected, idempotencyKey: text })
      if (result.outcome !== 'conflict') acknowledged.push(text)
      else await write(journal, text, result.head ?? '')
    }
    await Promise.all(
      Array.from({ length: 24 }, (_, index) => write(index % 2 ? one : two, `w${index}`, 'nowhere')),
    )
    expect(await textsOf(one)).toHaveLength(25)
    expect((await textsOf(two))?.toSorted()).toEqual(['begin', ...acknowledged].toSorted())
    expect(await Array.fromAsync(two.fsck())).toEqual([])
  })

  it('is not misled by what it remembers of a conversation that another daemon went on with', async () => {
    const [one, two] = [await open(), await open()]
    const { head: first } = await append(one, ['one'], { expected: null })
    const { head: second } = await append(two, ['two'])
    expect(await append(one, ['too late'], { expected: first })).toEqual({
      outcome: 'conflict',
      head: second,
    })
    await append(one, ['three'])
    await append(two, ['four'], { idempotencyKey: 'k' })
    await append(one, ['five'])
    expect(await append(two, ['four'], { idempotencyKey: 'k' })).toMatchObject({ outcome: 'duplicate' })
    await two.delete(key)
    await expect(append(one, ['six'])).rejects.toMatchObject({ code: 'CONTEXT_NOT_FOUND' })
    await append(two, ['anew'], { expected: null })
    await append(one, ['seven'])
    expect(await textsOf(two)).toEqual(['anew', 'seven'])
  })

  it('finds an idempotency key and an id again without having read', async () => {
    const journal = await open()
    await append(journal, ['one'], { expected: null })
    const first = await append(journal, ['two'], { idempotencyKey: 'k' })
    expect(await append(journal, ['two'], { idempotencyKey: 'k' })).toEqual({
      ...first,
      outcome: 'duplicate',
      revisions: undefined,
    })
    await append(journal, [], { turns: [{ ...say('three'), id: 'mine' }] })
    const again = append(journal, [], { turns: [{ ...say('four'), id: 'mine' }] })
    await expect(again).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await textsOf(journal)).toEqual(['one', 'two', 'three'])
  })

  it('finds words of sealed turns, all of them in one turn and phrases in one piece', async () => {
    const journal = await open()
    await append(
      journal,
      Array.from({ length: 40 }, (_, index) => `apples ${index}`),
      { expected: null },
    )
    await append(journal, ['pears and plums', 'plums 東京都', 'pears'])
    const found = async (text: string, limit = 100) =>
      (await journal.search({ tenant: 'default', text, limit })).map(({ turn }) => turn.seq)
    const asked = async () => [
      await found('Pears plums'),
      await found('東京'),
      await found('京東'),
      (await found('apples')).length,
      (await found('apples', 7)).length,
      await found('apples 3'),
    ]
    const before = await asked()
    expect(before).toEqual([[41], [42], [], 40, 7, [4]])
    await append(
      journal,
      Array.from({ length: 40 }, (_, index) => `oranges ${index}`),
    )
    await journal.seal()
    expect(await journal.stats()).toMatchObject({ segments: 2 })
    expect(await asked()).toEqual(before)
  })

  it('aborts what a daemon left open once its lease has run out, which then cannot close it', async () => {
    const stale = await open({ leaseMs: 10 * 60_000 })
    const other = await open({ leaseMs: 10 * 60_000 })
    await append(stale, ['one'], { expected: null })
    await append(stale, [], { opens: { id: 'answer', role: 'assistant' } })
    expect(await other.recover()).toBe(0)
    // As after a long sleep of the machine that the other daemon is on.
    await server.query(
      "UPDATE mcpd.owners SET beat = beat - interval '1 hour' WHERE fence = (SELECT min(fence) FROM mcpd.owners)",
    )
    expect(await other.recover()).toBe(1)
    const late = await append(stale, ['late'], { closes: 'answer' })
    expect(late).toEqual({ outcome: 'conflict', head: 'answer' })
    expect((await other.path(key, main))?.turns.at(-1)?.state).toBe('aborted')
  })

  it('is woken when a daemon goes that left an answer open', async () => {
    const leaving = await open({ leaseMs: 10 * 60_000 })
    const other = await open({ leaseMs: 10 * 60_000 })
    await append(leaving, ['one'], { expected: null })
    await append(leaving, [], { opens: { id: 'answer', role: 'assistant' } })
    const listening = async () =>
      (
        await server.query(
          "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'mcpd wake-up' AND query LIKE 'LISTEN%' AND state = 'idle'",
        )
      )[0]?.['count']
    await expect.poll(listening).toBe(2)
    // A connection that was broken is made anew.
    await server.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mcpd wake-up'",
    )
    await expect.poll(listening, { timeout: 10_000 }).toBe(2)
    await leaving.close()
    // No beat of the other one is due for two minutes.
    await expect
      .poll(async () => (await other.path(key, main))?.turns.at(-1)?.state, { timeout: 10_000 })
      .toBe('aborted')
  })

  it('shows what it keeps to SQL, whatever characters are in it', async () => {
    const journal = await open()
    // Two that JSONB refuses, and two that only look like them.
    const title = 'a\u0000b \ud83d \\u0000 \\\\ud83d 😀'
    await append(journal, [], { expected: null, about: { title, metadata: { team: 'blue' } } })
    await journal.append({
      ...key,
      ...main,
      expected: '*',
      turns: [{ ...say('x'), id: 't', origin: { model: 'm', inputTokens: 7 } }],
    })
    expect(
      await server.query(
        'SELECT about ->> \'title\' AS title, heads, turns FROM mcpd.context_headers WHERE about @> \'{"metadata":{"team":"blue"}}\'',
      ),
    ).toEqual([{ title: 'a%0000.b %d83d. \\u0000 \\\\ud83d 😀', heads: { main: 't' }, turns: 1 }])
    expect(
      await server.query(
        "SELECT role, state, origin ->> 'inputTokens' AS tokens FROM mcpd.turn_headers WHERE context = 'talk'",
      ),
    ).toEqual([{ role: 'user', state: 'complete', tokens: '7' }])
    expect((await journal.summary(key))?.title).toBe(title)
  })

  it('goes on beside a daemon of the first schema, which fails rather than misreads', async () => {
    const journal = await open()
    await append(journal, ['one'], { expected: null, about: { title: 'T' } })
    const [first] = (await journal.path(key, main))?.turns ?? []
    const { body } = say('two')
    const bodyHash = sha256(body)
    const chainHash = chainHashOf(first?.chainHash, bodyHash)
    const hex = (hash: string) => `'\\x${Buffer.from(hash, 'base64url').toString('hex')}'`
    // As that version writes.
    await server.query(`
      WITH held AS (UPDATE mcpd.contexts SET turns = turns + 1, rev = rev + 1 RETURNING k),
      added AS (
        INSERT INTO mcpd.turns (k, id, parent, seq, role, at, state, pinned, origin, body_hash, chain_hash, body_bytes,
          packed, data, owner, words)
        SELECT k, 'old', '${first?.id}', 2, 2, 1, 1, 0, NULL, ${hex(bodyHash)}, ${hex(chainHash)}, ${body.length}, 0,
          convert_to('${body.toString()}', 'UTF8'), NULL, 'two' FROM held)
      INSERT INTO mcpd.heads (k, name, turn) SELECT k, 'main', 'old' FROM held
      ON CONFLICT (k, name) DO UPDATE SET turn = excluded.turn`)
    await append(journal, ['three'])
    expect(await textsOf(journal)).toEqual(['one', 'two', 'three'])
    // What that version reads: hashes and JSON of what is plain, and nothing that looks like them of what is not.
    const columns = () =>
      server.query(`SELECT bool_and(body_hash IS NOT NULL) AS body, bool_and(chain_hash IS NOT NULL) AS chain,
        max(about) AS about FROM mcpd.turns JOIN mcpd.contexts USING (k)`)
    expect(await columns()).toEqual([{ body: true, chain: true, about: '{"title":"T"}' }])
    const sealing = await open({ vault: createVault([{ id: 'k', key: new Uint8Array(32) }]) })
    await sealing.rotate()
    expect(await columns()).toEqual([{ body: false, chain: false, about: 'sealed' }])
    expect(await textsOf(sealing)).toEqual(['one', 'two', 'three'])
  })

  it('says that it is away while the server is, and goes on by itself when it is back', async () => {
    const journal = await open()
    await append(journal, ['one'], { expected: null })
    await server.kill()
    await expect(append(journal, ['two'])).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      details: { retryAfterSeconds: expect.any(Number) as number },
    })
    await expect(journal.path(key, main)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await server.start()
    await append(journal, ['two'], { idempotencyKey: 'k' })
    expect(await textsOf(journal)).toEqual(['one', 'two'])
  })

  it('survives that its connections are ended', async () => {
    const journal = await open()
    await append(journal, ['one'], { expected: null })
    await server.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mcpd'",
    )
    // What is sent over a connection that is just breaking fails; the key tells whether it was written.
    const again = () => append(journal, ['two'], { idempotencyKey: 'k' })
    await again().catch(again)
    expect(await textsOf(journal)).toEqual(['one', 'two'])
  })

  it('names a turn whose bytes were changed, and never answers without it', async () => {
    const journal = await open()
    await append(journal, ['one', 'two', 'three'], { expected: null })
    await server.query("UPDATE mcpd.turns SET data = '\\x7b7d' WHERE seq = 2")
    await expect(journal.path(key, main)).rejects.toMatchObject({ code: 'CONTEXT_DAMAGED' })
    expect(await Array.fromAsync(journal.fsck())).toMatchObject([{ kind: 'body-changed' }])
    await server.query('DELETE FROM mcpd.turns WHERE seq = 2')
    await expect(journal.path(key, main)).rejects.toMatchObject({ code: 'CONTEXT_DAMAGED' })
    expect((await Array.fromAsync(journal.fsck())).map(({ kind }) => kind)).toEqual([
      'parent-missing',
      'store-damaged',
    ])
  })

  it('never settles an entry of the outbox that is not there yet', async () => {
    const journal = await open({ consumers: ['reader'] })
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        append(journal, ['x'], { context: `c${index}`, expected: null }),
      ),
    )
    const seen = new Set<string>()
    for (;;) {
      const entries = await journal.outbox('reader', 3)
      if (entries.length === 0) break
      for (const { context } of entries) seen.add(context)
      await journal.settle('reader', entries.at(-1)?.number ?? 0)
    }
    expect(seen.size).toBe(20)
  })

  it('may be opened by many at once', async () => {
    const journals = await Promise.all(Array.from({ length: 4 }, () => open()))
    expect(journals.map(({ driver }) => driver)).toEqual(['postgres', 'postgres', 'postgres', 'postgres'])
  })
})

describe.skipIf(missing !== undefined)('a database that will not do', () => {
  const refused = async (url: string) => {
    const error: unknown = await open({ url }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    // Nor in a cause, which the log shows.
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('hunter2')
    return error
  }

  it('of a newer schema', async () => {
    await open()
    await server.query('INSERT INTO mcpd.migrations (version) VALUES (1000)')
    expect(await refused(server.url)).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('newer') as string,
    })
  })

  it('read-only, such as a replica', async () => {
    await server.query('CREATE ROLE reader LOGIN; ALTER ROLE reader SET default_transaction_read_only = on')
    const url = urlWith((at) => (at.username = 'reader'))
    expect(await refused(url)).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('read-only') as string,
    })
  })

  it('of a user without rights', async () => {
    await server.query('CREATE ROLE nobody_much LOGIN')
    const url = urlWith((at) => (at.username = 'nobody_much'))
    expect(await refused(url)).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('rights') as string,
    })
  })

  it('in another encoding', async () => {
    await server.query("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    const url = urlWith((at) => (at.pathname = '/latin'))
    expect(await refused(url)).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('UTF8') as string,
    })
  })

  it('that has a password which is wrong, or a URL which is none', async () => {
    await server.query("CREATE ROLE guarded LOGIN PASSWORD 'other'")
    const hba = join(server.directory, 'data', 'pg_hba.conf')
    const before = await readFile(hba, 'utf8')
    await writeFile(hba, `local all guarded scram-sha-256\n${before}`)
    await server.query('SELECT pg_reload_conf()')
    const wrong = urlWith((at) => ([at.username, at.password] = ['guarded', 'hunter2']))
    await expect
      .poll(() => refused(wrong))
      .toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('user or the password') as string,
      })
    for (const url of [
      'postgres://mcpd:hunter2@[nowhere/mcpd',
      'postgres://mcpd:hunter2@localhost:port/mcpd',
      'postgres://mcpd:hunter2#x@localhost/mcpd',
    ])
      expect(await refused(url)).toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('with a schema that somebody else owns, or that is not whole', async () => {
    await server.query('DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN')
    await open()
    const guest = urlWith((at) => (at.username = 'guest'))
    expect(await refused(guest)).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('rights') as string,
    })
    await server.query('DROP TABLE mcpd.owners')
    expect(await refused(server.url)).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('not whole') as string,
    })
  })

  it('that becomes read-only while it is used, as after a failover', async () => {
    const journal = await open()
    await append(journal, ['one'], { expected: null })
    await server.query('ALTER DATABASE postgres SET default_transaction_read_only = on')
    try {
      await server.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mcpd'",
      )
      const failed = () =>
        append(journal, ['two'], { idempotencyKey: 'k' }).then(
          () => undefined,
          (error: unknown) => String(error),
        )
      await expect.poll(failed).toContain('read-only')
      expect(await textsOf(journal)).toEqual(['one'])
    } finally {
      await server.query('SET TRANSACTION READ WRITE; ALTER DATABASE postgres RESET ALL')
    }
  })

  it('that does not exist, or a server that is not there', async () => {
    const none = urlWith((at) => (at.pathname = '/none'))
    expect(await refused(none)).toMatchObject({ message: expect.stringContaining('no database') as string })
    const stranger = urlWith((at) => ([at.username, at.password] = ['stranger', 'hunter2']))
    expect(await refused(stranger)).toMatchObject({
      message: expect.stringContaining('user or the password') as string,
    })
    expect(await refused('postgres://mcpd:hunter2@localhost/mcpd?host=/nowhere')).toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
  })
})
