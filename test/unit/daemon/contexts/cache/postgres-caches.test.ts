import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caches, openCaches } from '../../../../../src/daemon/contexts/cache/caches.ts'
import { postgresMissing, type PostgresServer, startPostgres } from '../../../../harness/postgres.ts'

const missing = postgresMissing()
const signal = AbortSignal.timeout(120_000)
const one = new Map([['k', 'v']])

const noted: string[] = []
const log = {
  warn: (fields: { err?: unknown }, message: string) => {
    const { cause } = fields.err as Error
    noted.push(`${message}: ${String(cause)}`)
  },
  info: (message: string) => void noted.push(message),
}

describe.skipIf(missing !== undefined)(
  `caches in a PostgreSQL${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let postgres: PostgresServer
    const opened: Caches[] = []
    const open = (url = postgres.url, over: object = {}): Caches => {
      const caches = openCaches(
        { cache: { kind: 'postgres', urls: [url] } },
        { log, deadlineMs: 5000, restMs: 0, ...over },
      )
      opened.push(caches)
      return caches
    }
    beforeAll(async () => {
      postgres = await startPostgres()
    }, 60_000)
    afterAll(async () => {
      await Promise.all(opened.map((caches) => caches.close()))
      await postgres.close()
    })

    it('are there for another daemon, and each sees its own keys alone', async () => {
      const text = '\u{0} "ü" \uD800 {"expires":1}'
      const [first, second] = [open(), open()]
      await Promise.all([first.counts.set(new Map([['k', text]]), signal), second.vectors.set(one, signal)])
      const third = open()
      expect(await third.counts.get(['k', 'x'], signal)).toEqual([text, undefined])
      expect(await third.vectors.get(['k'], signal)).toEqual(['v'])
      expect(await third.answers.get(['k'], signal)).toEqual([undefined])
    })

    it('are swept of what is too old, and of nothing else', async () => {
      const texts = new Map([
        ['old', 'v'],
        ['like', '"expires":1}'],
      ])
      await open().answers.set(texts, signal, 60_000)
      await open().answers.set(new Map([['past', 'v']]), signal, 1)
      await postgres.query(`INSERT INTO mcpd_cache.texts VALUES ('mcpd-counts:ever', '{"value":"v"}')`)
      const keys = async (): Promise<readonly unknown[]> =>
        (await postgres.query('SELECT key FROM mcpd_cache.texts ORDER BY key')).map(({ key }) => key)
      // A daemon sweeps when it begins.
      while ((await keys()).includes('mcpd-answers:past')) await open().answers.get(['x'], signal)
      expect(await keys()).toEqual(
        expect.arrayContaining(['mcpd-answers:like', 'mcpd-answers:old', 'mcpd-counts:ever']),
      )
    })

    it('live through the end of all their connections', async () => {
      const caches = open()
      await caches.counts.set(one, signal)
      const ended = await postgres.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mcpd cache'`,
      )
      expect(ended.length).toBeGreaterThan(0)
      await postgres.query(
        `UPDATE mcpd_cache.texts SET value = '{"value":"new"}' WHERE key = 'mcpd-counts:k'`,
      )
      // An event that nobody listened to would have ended this process.
      while ((await open().counts.get(['k'], signal))[0] !== 'new') await setImmediateOnce()
      await caches.counts.set(new Map([['after', 'v']]), signal)
      expect(await open().counts.get(['after'], signal)).toEqual(['v'])
    })

    it('do without a server that is away, and have it back', async () => {
      const caches = open()
      await caches.counts.set(one, signal)
      await postgres.kill()
      expect(await caches.counts.get(['k', 'y'], signal)).toEqual(['v', undefined])
      const cold = open()
      expect(await cold.counts.get(['k'], signal)).toEqual([undefined])
      await postgres.start()
      await cold.counts.set(new Map([['again', 'v']]), signal)
      expect(await open().counts.get(['again'], signal)).toEqual(['v'])
      expect(await caches.counts.get(['again'], signal)).toEqual(['v'])
      expect(noted).toContain('the server of caches works again')
    })

    it('do without a frozen server after one deadline', async () => {
      const caches = open(postgres.url, { deadlineMs: 100, restMs: 60_000 })
      await caches.counts.get(['k'], signal)
      const pids = await postgres.query(
        `SELECT pid FROM pg_stat_activity WHERE application_name = 'mcpd cache'`,
      )
      for (const { pid } of pids) process.kill(Number(pid), 'SIGSTOP')
      try {
        const startedMs = performance.now()
        for (let at = 0; at < 100; at += 1)
          expect(await caches.counts.get([`x${at}`], signal)).toEqual([undefined])
        // Without a rest it would be ten seconds.
        expect(performance.now() - startedMs).toBeLessThan(5000)
      } finally {
        for (const { pid } of pids) process.kill(Number(pid), 'SIGCONT')
      }
    })

    it('need no right but to their table, once it is there', async () => {
      await postgres.query(`CREATE ROLE clerk LOGIN;
        GRANT USAGE ON SCHEMA mcpd_cache TO clerk;
        GRANT SELECT, INSERT, UPDATE, DELETE ON mcpd_cache.texts TO clerk;`)
      const caches = open(postgres.url.replace('mcpd@', 'clerk:hunter2@'))
      await caches.counts.set(new Map([['clerk', 'v']]), signal)
      expect(await open().counts.get(['clerk'], signal)).toEqual(['v'])
      await postgres.query('REVOKE USAGE ON SCHEMA mcpd_cache FROM clerk')
      expect(await caches.counts.get(['clerk', 'other'], signal)).toEqual(['v', undefined])
      expect(noted.some((line) => line.includes('permission denied'))).toBe(true)
      expect(noted.join('\n')).not.toContain('hunter2')
    })
  },
)

const setImmediateOnce = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
