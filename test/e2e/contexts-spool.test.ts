import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'
import { postgresMissing, type PostgresServer, startPostgres } from '../harness/postgres.ts'
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts'

/** Conversations go on while PostgreSQL is away, and are there as they were told when it is back. */

const missing = postgresMissing()
const socket = '.s.PGSQL.5432'

let folder: string
let server: PostgresServer
let openai: OpenAiStandIn
let line: TcpProxy
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcpd-'))
  if (missing !== undefined) return
  server = await startPostgres()
  openai = await startOpenAiStandIn({ models: ['gpt'] })
  line = await startTcpProxy({ path: join(folder, socket) }, { path: join(server.directory, socket) })
})
afterAll(async () => {
  await line?.close()
  await openai?.close()
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

let daemons: TestDaemon[]
let children: ChildProcess[]
beforeEach(() => {
  daemons = []
  children = []
})
afterEach(async () => {
  line?.set('fine')
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(daemons.map((daemon) => daemon.close()))
})

const configOf = (spool: string): string =>
  `contexts: { journal: "\${env:MCPD_TEST_STORE}", spool: ${spool} }\nbackends: [{ name: gpu, adapter: openai, url: "${openai.url}" }]\n`
const urlOver = (directory: string): string =>
  `postgres://mcpd@localhost/postgres?host=${encodeURIComponent(directory)}`

/** Over the line that can be cut, or not. */
const start = async (over: 'line' | 'server' = 'line', spool = 'true') => {
  const directory = over === 'line' ? folder : server.directory
  const daemon = await startTestDaemon(configOf(spool), {}, { MCPD_TEST_STORE: urlOver(directory) })
  daemons.push(daemon)
  return callsOf(daemon.fetch, daemon.url)
}

const callsOf = (request: typeof fetch, url: string) => {
  const json = async (path: string, init: RequestInit = {}) => {
    const response = await request(`${url}${path}`, init)
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    json(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  return {
    create: async (): Promise<string> => (await post('/mcp/v1/contexts', {})).body['id'] as string,
    chat: async (context: string, content: string): Promise<number> =>
      (
        await post(
          '/v1/chat/completions',
          { model: 'gpu/gpt', messages: [{ role: 'user', content }] },
          { 'x-mcpd-context': context },
        )
      ).status,
    append: async (context: string, content: string): Promise<number> =>
      (
        await post(
          `/mcp/v1/contexts/${context}/turns`,
          { messages: [{ role: 'user', content }] },
          { 'if-match': '*' },
        )
      ).status,
    turns: async (context: string): Promise<readonly string[]> =>
      (
        (await json(`/mcp/v1/contexts/${context}`)).body['turns'] as {
          id: string
          role: string
          state: string
        }[]
      ).map(({ id, role, state }) => `${id} ${role} ${state}`),
    list: async (): Promise<number> => (await json('/mcp/v1/contexts')).status,
    waiting: async (): Promise<number> => {
      const text = await (await request(`${url}/metrics`)).text()
      return Number(/^mcpd_context_spool_appends (\d+)$/m.exec(text)?.[1])
    },
  }
}

const carriedOver = (daemon: ReturnType<typeof callsOf>) =>
  expect.poll(daemon.waiting, { timeout: 30_000, interval: 100 }).toBe(0)

const storedTurns = async (context: string): Promise<readonly string[]> =>
  (
    await server.query(
      `SELECT t.id, t.state FROM mcpd.turns AS t JOIN mcpd.contexts AS c USING (k) WHERE c.context = '${context}' ORDER BY t.seq, t.t`,
    )
  ).map(({ id }) => String(id))

const headsOf = async (context: string): Promise<readonly string[]> =>
  (
    await server.query(
      `SELECT h.name FROM mcpd.heads AS h JOIN mcpd.contexts AS c USING (k) WHERE c.context = '${context}' ORDER BY 1`,
    )
  ).map(({ name }) => String(name))

const idsOf = (turns: readonly string[]): readonly string[] => turns.map((turn) => turn.split(' ')[0] ?? '')

describe.skipIf(missing !== undefined)(`without PostgreSQL (${missing ?? 'which is stopped'})`, () => {
  it('a daemon goes on with its conversations, and they are there when it is back', async () => {
    const daemon = await start()
    const id = await daemon.create()
    expect(await daemon.chat(id, 'first')).toBe(200)
    await server.kill()
    expect(await daemon.chat(id, 'second')).toBe(200)
    expect(await daemon.chat(id, 'third')).toBe(200)
    const fresh = await daemon.create()
    expect(await daemon.chat(fresh, 'hello')).toBe(200)
    expect(await daemon.list()).toBe(503)
    expect(await daemon.waiting()).toBe(7)
    const told = await daemon.turns(id)
    const toldFresh = await daemon.turns(fresh)
    expect(told.map((turn) => turn.split(' ').slice(1).join(' '))).toEqual(
      Array.from({ length: 6 }, (_, index) => `${index % 2 === 0 ? 'user' : 'assistant'} complete`),
    )
    await server.start()
    await carriedOver(daemon)
    expect(await daemon.turns(id)).toEqual(told)
    expect(await storedTurns(id)).toEqual(idsOf(told))
    expect(await storedTurns(fresh)).toEqual(idsOf(toldFresh))
    expect(await headsOf(id)).toEqual(['main'])
    expect(await daemon.chat(id, 'fourth')).toBe(200)
    expect(await daemon.waiting()).toBe(0)
  })

  it('an append that was committed when the line broke is stored once', async () => {
    const daemon = await start()
    const id = await daemon.create()
    expect(await daemon.append(id, 'first')).toBe(200)
    const lock = new pg.Client({ connectionString: server.url })
    await lock.connect()
    await lock.query('BEGIN')
    await lock.query(`SELECT 1 FROM mcpd.contexts WHERE context = '${id}' FOR UPDATE`)
    const appending = daemon.append(id, 'second')
    await expect
      .poll(() => server.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
      .toHaveLength(1)
    // From here on no answer comes back.
    line.set('deaf')
    await lock.query('COMMIT')
    await lock.end()
    await expect.poll(() => storedTurns(id)).toHaveLength(2)
    line.set('cut')
    expect(await appending).toBe(200)
    expect(await daemon.waiting()).toBe(1)
    line.set('fine')
    await carriedOver(daemon)
    expect(await storedTurns(id)).toEqual(idsOf(await daemon.turns(id)))
    expect(await storedTurns(id)).toHaveLength(2)
    expect(await headsOf(id)).toEqual(['main'])
  })

  it('what another daemon has gone on with meanwhile stays, and what was spooled is a fork of it', async () => {
    const one = await start()
    const two = await start('server')
    const id = await one.create()
    expect(await one.chat(id, 'first')).toBe(200)
    line.set('cut')
    expect(await one.chat(id, 'mine')).toBe(200)
    expect(await two.chat(id, 'theirs')).toBe(200)
    const theirs = await two.turns(id)
    const mine = await one.turns(id)
    line.set('fine')
    await carriedOver(one)
    const [fork = '', main] = (await headsOf(id)).toReversed()
    expect([fork.slice(0, 6), main]).toEqual(['spool-', 'main'])
    expect(await two.turns(id)).toEqual(theirs)
    expect(await two.turns(`${id}?ref=${fork}`)).toEqual(mine)
    // Whoever did not write last has nothing to go on with.
    line.set('cut')
    expect(await one.chat(id, 'lost')).toBe(503)
  })

  it('says 503 when the spool is full, and serves what needs no conversation', async () => {
    const daemon = await start('line', '{ max: 2KB }')
    const id = await daemon.create()
    expect(await daemon.append(id, 'first')).toBe(200)
    line.set('cut')
    expect(await daemon.append(id, 'second')).toBe(200)
    expect(await daemon.append(id, 'x'.repeat(2048))).toBe(503)
    expect(await daemon.turns(id)).toHaveLength(2)
    line.set('fine')
    await carriedOver(daemon)
    expect(await storedTurns(id)).toHaveLength(2)
  })

  it('a daemon that is killed carries over what it had acknowledged when it starts again', async () => {
    const stateDir = join(folder, 'killed')
    await mkdir(stateDir)
    await writeFile(join(stateDir, 'mcpd.yaml'), configOf('true'))
    const spawned = async () => {
      const args = ['--config', join(stateDir, 'mcpd.yaml'), '--state-dir', stateDir, '--port', '0']
      const child = spawn(
        process.execPath,
        [
          fileURLToPath(new URL('../../bin/mcpd-daemon.js', import.meta.url)),
          ...args,
          '--json',
          '--no-discover',
        ],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: { ...process.env, MCPD_SOURCE: '1', MCPD_TEST_STORE: urlOver(folder) },
        },
      )
      children.push(child)
      const [text] = (await once(createInterface(child.stdout), 'line')) as [string]
      return { child, ...callsOf(fetch, (JSON.parse(text) as { url: string }).url) }
    }
    const first = await spawned()
    const id = await first.create()
    expect(await first.chat(id, 'first')).toBe(200)
    line.set('cut')
    expect(await first.chat(id, 'second')).toBe(200)
    const told = await first.turns(id)
    first.child.kill('SIGKILL')
    await once(first.child, 'exit')
    const again = await spawned()
    await expect.poll(again.waiting).toBe(2)
    // What was said before is in PostgreSQL alone; a new conversation may begin.
    expect(await again.chat(await again.create(), 'hello')).toBe(200)
    line.set('fine')
    await carriedOver(again)
    expect(await again.turns(id)).toEqual(told)
    expect(await storedTurns(id)).toEqual(idsOf(told))
  })
})
