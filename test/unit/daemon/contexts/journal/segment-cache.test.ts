import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bodyOf } from '../../../../../src/core/canonical-json.ts'
import type { Journal } from '../../../../../src/core/journal.ts'
import type { TextCache } from '../../../../../src/daemon/contexts/cache/strict-keyv.ts'
import { createVault } from '../../../../../src/daemon/contexts/encryption/vault.ts'
import { newId } from '../../../../../src/daemon/contexts/ids.ts'
import { openPostgresJournal } from '../../../../../src/daemon/contexts/journal/postgres.ts'
import { postgresMissing, type PostgresServer, startPostgres } from '../../../../harness/postgres.ts'

const missing = postgresMissing()

describe.skipIf(missing !== undefined)(
  `sealed segments in a cache${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let server: PostgresServer
    beforeAll(async () => {
      server = await startPostgres()
    }, 60_000)
    afterAll(() => server.close())

    const texts = Array.from({ length: 40 }, (_, at) => `turn ${at}`)
    const textsOf = async (journal: Journal, context: string) =>
      (await journal.path({ tenant: 'default', context }, { head: 'main' }))?.turns.map(
        ({ body }) => (JSON.parse(body.toString()) as { content?: string }).content,
      )
    /** A cache of which every entry can be seen and changed. */
    const openCache = () => {
      const held = new Map<string, string>()
      let broken = false
      const cache: TextCache = {
        get: async (keys) => {
          if (broken) throw new Error('gone')
          return keys.map((key) => held.get(key))
        },
        set: async (entries) => {
          if (broken) throw new Error('gone')
          for (const [key, text] of entries) held.set(key, text)
        },
        close: async () => undefined,
      }
      return { held, cache, breakIt: () => (broken = true) }
    }

    it.each([
      ['plain', createVault()],
      ['encrypted', createVault([{ id: 'k', key: new Uint8Array(32) }])],
    ])('are read from it, and from the database where it is wrong: %s', async (context, vault) => {
      const { held, cache, breakIt } = openCache()
      const journal = await openPostgresJournal({
        url: server.url,
        now: Date.now,
        newId,
        vault,
        segments: cache,
      })
      try {
        const turns = texts.map((content) => ({
          role: 'user' as const,
          body: bodyOf({ role: 'user', content }),
        }))
        await journal.append({ tenant: 'default', context, head: 'main', expected: null, turns })
        await journal.seal()
        expect(await textsOf(journal, context)).toEqual(texts)
        const [[name, text] = ['', '']] = [...held]
        expect(held.size).toBe(1)
        // What is read now can only come from the cache.
        await server.query(`CREATE TABLE aside_${context} AS SELECT s, data FROM mcpd.segments`)
        await server.query(`UPDATE mcpd.segments SET data = 'gone'`)
        expect(await textsOf(journal, context)).toEqual(texts)
        await server.query(
          `UPDATE mcpd.segments SET data = a.data FROM aside_${context} AS a WHERE a.s = segments.s`,
        )
        for (const wrong of [
          '',
          'AAAA',
          text.slice(0, -8),
          Buffer.from('?'.repeat(400)).toString('base64'),
        ]) {
          held.set(name, wrong)
          expect(await textsOf(journal, context)).toEqual(texts)
          expect(held.get(name)).toBe(text)
        }
        breakIt()
        expect(await textsOf(journal, context)).toEqual(texts)
      } finally {
        await journal.close()
      }
    })
  },
)
