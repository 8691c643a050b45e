import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bodyOf } from '../../src/core/canonical-json.ts'
import type { ContextKey, NewTurn } from '../../src/core/context.ts'
import type { PathEnd, SharedJournal } from '../../src/core/journal.ts'
import { newId } from '../../src/daemon/contexts/ids.ts'
import { createMemoryJournal } from '../../src/daemon/contexts/journal/memory.ts'
import { type ContextStore, createContextStore } from '../../src/daemon/contexts/store.ts'
import { connected, type TestCopies, testCopies } from '../harness/hot-copies.ts'
import { redisMissing, type RedisServer, startRedis } from '../harness/redis.ts'
import { sharing } from '../unit/daemon/contexts/a-shared-journal.ts'

/** What Redis may do, and what must not change whatever it does. The journal is one in memory. */

const missing = redisMissing()
const tenant = 'default'
const say = (text: string): NewTurn => ({ role: 'user', body: bodyOf({ role: 'user', content: text }) })
const words = (count: number): NewTurn[] => Array.from({ length: count }, (_, index) => say(`turn ${index}`))

/** A daemon without memory of its own, so that every read asks Redis. */
interface Reader {
  readonly store: ContextStore
  readonly hot: TestCopies
}

describe.skipIf(missing !== undefined)(`hot copies${missing === undefined ? '' : ` (${missing})`}`, () => {
  let redis: RedisServer
  let journal: SharedJournal
  let open: Reader[]
  let a: Reader
  let b: Reader

  const reader = (url: string, keys: Parameters<typeof testCopies>[1] = []): Reader => {
    const hot = testCopies(url, keys)
    const made = { hot, store: createContextStore({ journal, copies: hot.copies, hotMaxBytes: 0 }) }
    open.push(made)
    return made
  }
  const keysOf = ({ tenant, context }: ContextKey) => {
    const name = `mcpd:hot1:{${tenant}.${context}}`
    return { meta: `${name}:meta`, log: `${name}:log`, marks: `${name}:marks` }
  }
  const begin = async (
    turns: readonly NewTurn[],
  ): Promise<ContextKey & { readonly ids: readonly string[] }> => {
    const { context, turns: made } = await a.store.create({ tenant, turns })
    return { tenant, context, ids: made.map(({ id }) => id) }
  }
  /** What a store reads, which must be what the journal has. */
  const holds = async (
    { store }: Reader,
    key: ContextKey,
    end: PathEnd = { head: 'main' },
  ): Promise<number> => {
    const [read, truth] = [await store.path(key, end), await journal.path(key, end)]
    expect(read).toEqual(truth)
    return read.length
  }
  /** Reads until it comes from Redis. */
  const isHot = async (from: Reader, key: ContextKey, end?: PathEnd): Promise<void> => {
    const { reads } = from.hot.copies.counts
    const before = reads.hit
    await expect.poll(async () => holds(from, key, end).then(() => reads.hit)).toBeGreaterThan(before)
  }

  beforeAll(async () => {
    redis = await startRedis(['--appendonly', 'yes'])
  })
  afterAll(() => redis?.close())
  beforeEach(async () => {
    journal = sharing(createMemoryJournal({ now: Date.now, newId }))
    open = []
    a = reader(redis.url)
    b = reader(redis.url)
    await Promise.all([connected(a.hot), connected(b.hot)])
  })
  afterEach(async () => {
    await Promise.all(open.map(({ hot }) => hot.copies.close()))
    await redis.command('FLUSHALL')
  })

  it('show what another daemon has written, at once and from Redis', async () => {
    const key = await begin(words(3))
    await isHot(b, key)
    for (let round = 0; round < 40; round += 1) {
      await a.store.append({
        ...key,
        expected: '*',
        turns: [say(`a ${round}`), say('x'.repeat(round * 300))],
      })
      await holds(b, key)
      await b.store.append({ ...key, expected: '*', turns: [say(`b ${round}`)] })
      await holds(a, key)
    }
    await isHot(a, key)
    await isHot(b, key)
    expect([a, b].map(({ hot }) => hot.copies.counts.reads.broken)).toEqual([0, 0])
    await b.store.fork({ ...key, from: { turn: key.ids[1] ?? '' }, name: 'side' })
    await b.store.append({ ...key, head: 'side', expected: '*', turns: [say('aside')] })
    expect(await holds(a, key, { head: 'side' })).toBe(3)
    await isHot(a, key, { head: 'side' })
    await isHot(a, key, { turn: key.ids[2] ?? '' })
    await a.store.annotate(key, { pins: { [key.ids[0] ?? '']: true } })
    expect((await b.store.path(key)).turns[0]?.pinned).toBe(true)
    await a.store.rewind({ ...key, to: key.ids[0] ?? '' })
    expect(await holds(b, key)).toBe(1)
    await b.store.rewind({ ...key, to: null })
    expect(await holds(a, key)).toBe(0)
    await a.store.delete(key)
    await expect(b.store.path(key)).rejects.toMatchObject({ code: 'CONTEXT_NOT_FOUND' })
    await a.store.create({ tenant, context: key.context, turns: [say('anew')] })
    expect(await holds(b, key)).toBe(1)
  })

  it('show each of many writers at once what it has written, through the other daemon', async () => {
    const key = await begin(words(1))
    const writers = Array.from({ length: 16 }, async (_, number) => {
      const [mine, other] = number % 2 === 0 ? [a, b] : [b, a]
      for (let round = 0; round < 8; round += 1) {
        const { head } = await mine.store.append({
          ...key,
          expected: '*',
          turns: [say(`${number} ${round}`)],
        })
        const { turns } = await other.store.path(key)
        expect(turns.some(({ id }) => id === head)).toBe(true)
      }
    })
    await Promise.all(writers)
    for (const each of [a, b]) expect(await holds(each, key)).toBe(1 + 16 * 8)
    await isHot(b, key)
  })

  it('show an answer while it is written, and as it was closed', async () => {
    const key = await begin(words(2))
    await isHot(b, key)
    await a.store.append({
      ...key,
      expected: '*',
      turns: [say('why?')],
      opens: { id: 'answer', role: 'assistant' },
    })
    await isHot(b, key)
    expect((await b.store.path(key)).turns.at(-1)?.state).toBe('streaming')
    await a.store.append({
      ...key,
      expected: '*',
      closes: 'answer',
      turns: [{ ...say('so'), role: 'assistant' }],
    })
    await isHot(b, key)
    expect((await b.store.path(key)).turns.map(({ state }) => state)).toEqual(Array(4).fill('complete'))
  })

  it('take thousands of turns at once, and go on in blocks', async () => {
    const key = await begin(words(9000))
    expect(await holds(b, key)).toBe(9000)
    await isHot(b, key)
    await expect.poll(async () => Number(await redis.command('LLEN', keysOf(key).log))).toBeLessThan(300)
  })

  it('are not read by a daemon that believes less than the journal', async () => {
    const key = await begin(words(3))
    await isHot(b, key)
    // Of two daemons one cannot reach Redis: what it writes is in the journal only.
    const c = reader('redis://127.0.0.1:1')
    await c.store.append({ ...key, expected: '*', turns: [say('unseen by Redis')] })
    expect(await holds(b, key)).toBe(4)
    await isHot(b, key)
    await c.store.append({ ...key, expected: '*', turns: [say('nor this')] })
    await c.store.annotate(key, { pins: { [key.ids[0] ?? '']: true } })
    // What comes next is not put behind a copy that lacks something.
    await a.store.append({ ...key, expected: '*', turns: [say('behind a gap')] })
    expect(await holds(b, key)).toBe(6)
    expect(await holds(c, key)).toBe(6)
    await isHot(b, key)
    expect(c.hot.lines).toEqual([expect.stringContaining('cannot be reached')])
    expect(b.hot.copies.counts.reads.stale).toBeGreaterThan(0)
  })

  it('wait for writers that have begun, for as long as they may take', async () => {
    const key = await begin(words(3))
    await redis.command('DEL', keysOf(key).meta, keysOf(key).log)
    const token = a.hot.copies.mark(key)
    await expect.poll(async () => (await b.hot.copies.read(key)).kind).toBe('pending')
    expect(await holds(b, key)).toBe(3)
    expect(Number(await redis.command('PTTL', keysOf(key).marks))).toBeGreaterThan(0)
    expect(await redis.command('EXISTS', keysOf(key).meta)).toBe('0')
    a.hot.copies.unmark(key, token)
    await isHot(b, key)
    expect(b.hot.copies.counts.reads.pending).toBeGreaterThan(0)
  })

  const damage: readonly (readonly [string, (keys: ReturnType<typeof keysOf>) => readonly string[][]])[] = [
    ['everything is flushed', () => [['FLUSHALL']]],
    ['what is known of the copy is gone', ({ meta }) => [['DEL', meta]]],
    ['the turns are gone', ({ log }) => [['DEL', log]]],
    ['one item is gone', ({ log }) => [['LPOP', log]]],
    ['one item is there twice', ({ log }) => [['RPUSH', log, 'x']]],
    ['an item is something else', ({ log }) => [['LSET', log, '0', 'rubbish']]],
    [
      'an item is another one of the copy',
      ({ log }) => [
        ['LMOVE', log, log, 'LEFT', 'RIGHT'],
        ['LSET', log, '0', ''],
      ],
    ],
    ['what is known of it is a text', ({ meta }) => [['SET', meta, 'x']]],
    [
      'what is known of it is rubbish',
      ({ meta }) => [['HSET', meta, 'n', 'x', 'f', 'y', 'b', 'z', 't', '', 'v', '']],
    ],
    [
      'the turns are a set',
      ({ log }) => [
        ['DEL', log],
        ['SADD', log, 'x'],
      ],
    ],
    ['the marks are a text', ({ marks }) => [['SET', marks, 'x']]],
    ['it says of itself that it is newer than it is', ({ meta }) => [['HSET', meta, 'r', 'r2']]],
  ]
  it.each(damage)('give the same answers when %s', async (_, commands) => {
    const key = await begin(words(40))
    await isHot(b, key)
    for (const command of commands(keysOf(key))) await redis.command(...command)
    expect(await holds(b, key)).toBe(40)
    await isHot(b, key)
    for (const command of commands(keysOf(key))) await redis.command(...command)
    await a.store.append({ ...key, expected: '*', turns: [say('after')] })
    expect(await holds(b, key)).toBe(41)
    await isHot(b, key)
    const { repairs } = b.hot.copies.counts
    expect(repairs.miss + repairs.stale + repairs.broken).toBeGreaterThan(0)
  })

  it('of an old time, which a daemon that slept writes, are not believed', async () => {
    const key = await begin(words(3))
    await isHot(b, key)
    const { meta, log } = keysOf(key)
    await redis.command('COPY', meta, 'old-meta')
    await redis.command('COPY', log, 'old-log')
    await a.store.append({ ...key, expected: '*', turns: [say('later')] })
    await a.store.annotate(key, { pins: { [key.ids[0] ?? '']: true } })
    await isHot(b, key)
    await redis.command('COPY', 'old-meta', meta, 'REPLACE')
    await redis.command('COPY', 'old-log', log, 'REPLACE')
    expect(await holds(b, key)).toBe(4)
    expect(b.hot.copies.counts.reads.stale).toBeGreaterThan(0)
    await isHot(b, key)
  })

  it('give the same answers while Redis is frozen, and after what it does late', async () => {
    const key = await begin(words(3))
    await isHot(b, key)
    redis.signal('SIGSTOP')
    try {
      for (let round = 0; round < 5; round += 1) {
        await a.store.append({ ...key, expected: '*', turns: [say(`frozen ${round}`)] })
        await holds(b, key)
      }
      await a.store.annotate(key, { pins: { [key.ids[1] ?? '']: true } })
      await holds(b, key)
      expect(b.hot.copies.counts.reads.unavailable).toBeGreaterThan(3)
      expect(b.hot.metrics()).toContain('mcpd_hot_circuit_open 1')
    } finally {
      redis.signal('SIGCONT')
    }
    await isHot(b, key)
    expect(await holds(b, key)).toBe(8)
    expect(b.hot.lines.map((line) => /not answer in time|there again/.exec(line)?.[0])).toEqual([
      'not answer in time',
      'there again',
    ])
  })

  it('give the same answers while Redis is full, a replica, or gone', async () => {
    const key = await begin(words(3))
    await isHot(b, key)
    const goesOn = async (): Promise<void> => {
      for (const writer of [a, b]) {
        await writer.store.append({ ...key, expected: '*', turns: [say('x'.repeat(1000))] })
        for (const each of [a, b]) await holds(each, key)
      }
    }
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    await goesOn()
    await redis.command('CONFIG', 'SET', 'maxmemory', '0')
    await redis.command('REPLICAOF', '127.0.0.1', '1')
    await goesOn()
    await redis.command('REPLICAOF', 'NO', 'ONE')
    await isHot(b, key)
    await redis.kill()
    await goesOn()
    await redis.start()
    await isHot(b, key)
    expect(await holds(b, key)).toBe(9)
    const said = b.hot.lines.map(
      (line) => /is full|is a replica|cannot be reached|there again/.exec(line)?.[0],
    )
    expect(said).toEqual(
      expect.arrayContaining(['is full', 'is a replica', 'cannot be reached', 'there again']),
    )
  })

  it('stay for the time that was said from the last append on', async () => {
    const key = await begin(words(3))
    await isHot(b, key)
    const { meta, log } = keysOf(key)
    for (const name of [meta, log]) await redis.command('EXPIRE', name, '100')
    await a.store.append({ ...key, expected: '*', turns: [say('later')] })
    await isHot(b, key)
    for (const name of [meta, log])
      expect(Number(await redis.command('TTL', name))).toBeGreaterThan(29 * 86_400)
  })

  it('are encrypted where the journal is, and useless without the key', async () => {
    const key = { id: 'one', key: Buffer.alloc(32, 1) }
    const other = { id: 'one', key: Buffer.alloc(32, 2) }
    const [sealed, stranger] = [reader(redis.url, [key]), reader(redis.url, [other])]
    await Promise.all([connected(sealed.hot), connected(stranger.hot)])
    const { context } = await sealed.store.create({ tenant, turns: [say('a secret of mine'), say('x')] })
    await isHot(sealed, { tenant, context })
    expect(await redis.command('LRANGE', keysOf({ tenant, context }).log, '0', '-1')).not.toContain('secret')
    expect(await holds(stranger, { tenant, context })).toBe(2)
    expect(stranger.hot.copies.counts.reads.broken).toBe(1)
  })

  it('are refused in one line where the password is wrong, without the password', async () => {
    await redis.command('ACL', 'SETUSER', 'guest', 'on', '>hunter1', '~mcpd:*', '+@all')
    const wrong = reader(`redis://guest:hunter2@127.0.0.1:${redis.port}`)
    await expect.poll(() => wrong.hot.lines).toEqual([expect.stringContaining('user or the password')])
    expect(wrong.hot.lines[0]).not.toContain('hunter2')
    const key = await begin(words(2))
    expect(await holds(wrong, key)).toBe(2)
    const right = reader(`redis://guest:hunter1@127.0.0.1:${redis.port}`)
    await connected(right.hot)
    await isHot(right, key)
  })
})
