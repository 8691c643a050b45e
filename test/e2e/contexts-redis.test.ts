import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'
import { postgresMissing, type PostgresServer, startPostgres } from '../harness/postgres.ts'
import { redisMissing, type RedisServer, startRedis } from '../harness/redis.ts'

/** Two daemons with hot copies in one Redis: what clients see is the same, whatever becomes of it. */

const missing = postgresMissing() ?? redisMissing()

let postgres: PostgresServer
let redis: RedisServer
let openai: OpenAiStandIn
let daemons: TestDaemon[] = []
beforeAll(async () => {
  if (missing !== undefined) return
  ;[postgres, redis, openai] = await Promise.all([
    startPostgres(),
    startRedis(),
    startOpenAiStandIn({ models: ['gpt'] }),
  ])
})
afterEach(async () => {
  await Promise.all(daemons.map((daemon) => daemon.close()))
  daemons = []
})
afterAll(async () => {
  await openai?.close()
  await Promise.all([postgres?.close(), redis?.close()])
})

const start = async (login = '') => {
  const config = `contexts: { journal: "\${env:STORE}", hot: { url: "\${env:HOT}" } }
backends: [{ name: gpu, adapter: openai, url: "${openai.url}" }]\n`
  const env = { STORE: postgres.url, HOT: `redis://${login}127.0.0.1:${redis.port}` }
  const daemon = await startTestDaemon(config, {}, env)
  daemons.push(daemon)
  const post = (path: string, body: object, headers: object = {}) =>
    daemon.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  return {
    create: async () => (await (await post('/mcp/v1/contexts', {})).json()) as { id: string },
    chat: async (context: string, content: string) => {
      const messages = [{ role: 'user', content }]
      const answer = await post(
        '/v1/chat/completions',
        { model: 'gpu/gpt', messages },
        { 'x-mcpd-context': context },
      )
      await answer.text()
      return answer.status
    },
    turns: async (context: string) => {
      const answer = await daemon.fetch(`/mcp/v1/contexts/${context}/snapshot`)
      return ((await answer.json()) as { messages: readonly { content: string }[] }).messages
    },
    counted: async (name: string): Promise<number> => {
      const text = await (await daemon.fetch('/metrics')).text()
      return Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.split(' ')[1] ?? 0,
      )
    },
  }
}

const hits = 'mcpd_hot_reads_total{outcome="hit"}'

describe.skipIf(missing !== undefined)(
  `two daemons and a Redis${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    it('answer in turn from hot copies, and without them when Redis is gone', async () => {
      const [one, two] = [await start(), await start()]
      const { id } = await one.create()
      for (const [index, daemon] of [one, two, one, two].entries())
        expect(await daemon.chat(id, `question ${index}`)).toBe(200)
      await expect
        .poll(async () => {
          await one.chat(id, 'more')
          await two.turns(id)
          return two.counted(hits)
        })
        .toBeGreaterThan(0)
      const told = await one.turns(id)
      expect(await two.turns(id)).toEqual(told)
      await redis.kill()
      expect(await one.chat(id, 'still there?')).toBe(200)
      expect((await two.turns(id)).length).toBe(told.length + 2)
      await redis.start()
      const before = await two.counted(hits)
      await expect
        .poll(async () => {
          expect(await one.chat(id, 'back')).toBe(200)
          await two.turns(id)
          return two.counted(hits)
        })
        .toBeGreaterThan(before)
      expect(await one.turns(id)).toEqual(await two.turns(id))
    })

    it('serve with a password that Redis refuses, and count what they went without', async () => {
      await redis.command('ACL', 'SETUSER', 'guest', 'on', '>hunter2', '~mcpd:*', '+@all')
      const daemon = await start('guest:hunter3@')
      const { id } = await daemon.create()
      expect(await daemon.chat(id, 'hello')).toBe(200)
      expect(await daemon.turns(id)).toHaveLength(2)
      expect(await daemon.counted(hits)).toBe(0)
    })
  },
)
