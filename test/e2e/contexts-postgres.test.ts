import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { createClient } from '../../src/client/index.ts'
import { postgresMissing, type PostgresServer, startPostgres } from '../harness/postgres.ts'

/** Two daemons on one database: either serves any conversation, and one goes on where the other was killed. */

const missing = postgresMissing()
const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

let server: PostgresServer
let openai: OpenAiStandIn
beforeAll(async () => {
  if (missing !== undefined) return
  server = await startPostgres()
  openai = await startOpenAiStandIn({ models: ['gpt'], tokenDelayMs: 5 })
})
afterAll(async () => {
  await openai?.close()
  await server?.close()
})

let folder: string
let children: ChildProcess[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcpd-'))
  children = []
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

const start = async (name: string, journal = '${env:MCPD_TEST_STORE}') => {
  const stateDir = join(folder, name)
  await mkdir(stateDir, { recursive: true })
  const config = join(stateDir, 'mcpd.yaml')
  await writeFile(
    config,
    `contexts: { journal: "${journal}" }\nbackends: [{ name: gpu, adapter: openai, url: "${openai.url}" }]\n`,
  )
  const child = spawn(
    process.execPath,
    [
      file('bin/mcpd-daemon.js'),
      '--config',
      config,
      '--state-dir',
      stateDir,
      '--port',
      '0',
      '--json',
      '--no-discover',
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, MCPD_SOURCE: '1', MCPD_TEST_STORE: server.url },
    },
  )
  children.push(child)
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { url } = JSON.parse(line) as { url: string }
  return {
    url,
    stateDir,
    client: createClient({ url, stateDir }, {}),
    kill: async (): Promise<void> => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
    chat: (content: string, context: string, more: object = {}): Promise<Response> =>
      fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-mcpd-context': context },
        body: JSON.stringify({ model: 'gpu/gpt', messages: [{ role: 'user', content }], ...more }),
      }),
  }
}

const append = (url: string, id: string, match: string, content: string): Promise<Response> =>
  fetch(`${url}/mcp/v1/contexts/${id}/turns`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'if-match': match },
    body: JSON.stringify({ messages: [{ role: 'user', content }] }),
  })

describe.skipIf(missing !== undefined)(`two daemons on one store (${missing ?? 'PostgreSQL'})`, () => {
  it('serve the same conversation in turn, and refuse who has not seen the last turn', async () => {
    const [one, two] = await Promise.all([start('one'), start('two')])
    const { id } = await one.client.contexts.create({})
    for (const [index, daemon] of [one, two, one, two].entries())
      expect((await daemon.chat(`question ${index}`, id)).status).toBe(200)
    // What one has in its memory is not the end of it any more.
    const [seen, other] = await Promise.all([one.client.contexts.turns(id), two.client.contexts.turns(id)])
    expect(seen.turns).toHaveLength(8)
    expect(seen.turns.map((turn) => turn.id)).toEqual(other.turns.map((turn) => turn.id))
    const last = `"${seen.turns.at(-1)?.id}"`
    const both = await Promise.all([append(one.url, id, last, 'mine'), append(two.url, id, last, 'no, mine')])
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 409]))
    await Promise.all([one.client.close(), two.client.close()])
  })

  it('lose nothing when one is killed while it answers: the other goes on', async () => {
    const [one, two] = await Promise.all([start('one'), start('two')])
    const { id } = await one.client.contexts.create({})
    expect((await one.chat('first', id)).status).toBe(200)
    const stream = await one.chat('words 2000', id, { stream: true })
    const reader = stream.body?.getReader()
    await reader?.read()
    await one.kill()
    await reader?.cancel().catch(() => undefined)
    // The lease of a daemon that was killed runs out by the clock of the server.
    await server.query(
      "UPDATE mcpd.owners SET beat = beat - interval '1 hour' WHERE fence = (SELECT owner FROM mcpd.turns WHERE owner IS NOT NULL)",
    )
    await expect
      .poll(async () =>
        (await two.client.contexts.turns(id)).turns.map(({ role, state }) => `${role} ${state}`),
      )
      .toEqual(['user complete', 'assistant complete', 'user complete', 'assistant aborted'])
    expect((await two.chat('words 3', id)).status).toBe(200)
    expect((await two.client.contexts.fsck()).ok).toBe(true)
    await Promise.all([one.client.close(), two.client.close()])
  })

  it('answer 503 for conversations while the database is away, and everything else as ever', async () => {
    const daemon = await start('one')
    const { id } = await daemon.client.contexts.create({})
    await server.kill()
    const refused = await daemon.chat('lost?', id)
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    const plain = await fetch(`${daemon.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpu/gpt', messages: [{ role: 'user', content: 'hello' }] }),
    })
    expect(plain.status).toBe(200)
    await server.start()
    expect((await daemon.chat('back', id)).status).toBe(200)
    await daemon.client.close()
  })

  it('take over what a daemon has kept in its file', async () => {
    const old = await start('old', 'sqlite:')
    const { id } = await old.client.contexts.create({ title: 'From a file' })
    expect((await old.chat('remember me', id)).status).toBe(200)
    const migrate = () =>
      execa(
        process.execPath,
        [
          file('bin/dev.js'),
          'context',
          'migrate',
          '--to',
          'env:MCPD_TEST_STORE',
          '--json',
          '--state-dir',
          old.stateDir,
        ],
        {
          env: { MCPD_TEST_STORE: server.url },
          reject: false,
        },
      )
    expect(JSON.parse((await migrate()).stdout)).toMatchObject({ copied: 1, differing: [] })
    expect(JSON.parse((await migrate()).stdout)).toMatchObject({ copied: 0, same: 1 })
    const daemon = await start('new')
    expect(await daemon.client.contexts.turns(id)).toEqual(await old.client.contexts.turns(id))
    await Promise.all([daemon.client.close(), old.client.close()])
  })
})
