import { copyFile, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { isMcpdError } from '../../src/core/errors.ts'
import type { Journal } from '../../src/core/journal.ts'
import { openSqliteJournal } from '../../src/daemon/contexts/journal/sqlite.ts'
import { createNumbers } from '../faults/numbers.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'
import { postgresMissing, type PostgresServer, startPostgres } from '../harness/postgres.ts'

/** Bytes on the disk that are not what was written: what they held is refused by name, and never said to be less. */

interface Answer {
  readonly status: number
  readonly code?: string
  /** Contents, of a conversation that was answered. */
  readonly said?: readonly string[]
}

const count = 70
const textOf = (context: string, number: number): string => `${context} ${number} ${'word '.repeat(60)}`
const expected = (context: string): readonly string[] =>
  Array.from({ length: count }, (_, number) => textOf(context, number))

const call = async (mcpd: TestDaemon, path: string, body?: object): Promise<Response> =>
  mcpd.fetch(path, {
    method: body ? 'POST' : 'GET',
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(path.startsWith('/admin/') && {
        authorization: `Bearer ${(await readFile(join(mcpd.stateDir, 'admin.token'), 'utf8')).trim()}`,
      }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })

const write = async (mcpd: TestDaemon, context: string): Promise<void> => {
  const messages = expected(context).map((content) => ({ role: 'user', content }))
  expect((await call(mcpd, '/mcp/v1/contexts', { id: context, messages })).status).toBe(201)
}

const read = async (mcpd: TestDaemon, context: string): Promise<Answer> => {
  const answer = await call(mcpd, `/mcp/v1/contexts/${context}`)
  const body = (await answer.json()) as { code?: string; turns?: readonly { content: string }[] }
  return {
    status: answer.status,
    ...(body.code !== undefined && { code: body.code }),
    ...(body.turns && { said: body.turns.map(({ content }) => content) }),
  }
}

const check = async (
  mcpd: TestDaemon,
): Promise<{ ok: boolean; problems: readonly { context?: string }[] }> => {
  const answer = await call(mcpd, '/admin/contexts/fsck', {})
  return (await answer.json()) as { ok: boolean; problems: readonly { context?: string }[] }
}

/** Until all full segments are made. */
const sealed = async (mcpd: TestDaemon): Promise<void> =>
  vi.waitFor(
    async () => {
      const stats = (await (await call(mcpd, '/admin/contexts')).json()) as { segments: number }
      expect(stats.segments).toBeGreaterThan(3)
    },
    { timeout: 15_000 },
  )

const whole = (context: string): Answer => ({ status: 200, said: expected(context) })
const refused = { status: 500, code: 'CONTEXT_DAMAGED' }

describe('a file of conversations', () => {
  let folder: string
  /** As a daemon that was killed left it: the last of it is in the log beside it only. */
  let original: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mcpd-damage-'))
    original = join(folder, 'original.db')
    const mcpd = await startTestDaemon(`contexts: { journal: "sqlite:${join(folder, 'live.db')}" }\n`)
    await write(mcpd, 'sealed')
    await write(mcpd, 'other')
    await sealed(mcpd)
    for (const end of ['', '-wal']) await copyFile(join(folder, `live.db${end}`), `${original}${end}`)
    await mcpd.close()
  })
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  const copy = async (): Promise<string> => {
    const path = join(folder, 'copy.db')
    for (const end of ['-shm', '.lock']) await rm(`${path}${end}`, { force: true })
    for (const end of ['', '-wal']) await copyFile(`${original}${end}`, `${path}${end}`)
    return path
  }
  const withCopy = async (
    damage: (path: string) => Promise<void>,
    look: (mcpd: TestDaemon) => Promise<void>,
  ): Promise<void> => {
    const path = await copy()
    await damage(path)
    const mcpd = await startTestDaemon(`contexts: { journal: "sqlite:${path}" }\n`)
    try {
      await look(mcpd)
    } finally {
      await mcpd.close()
    }
  }
  /** All of it in the file, so that bytes of it can be changed there. */
  const checkpoint = (path: string): void => {
    const db = new DatabaseSync(path)
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    db.close()
  }

  it('with a torn end of its log has all that was acknowledged', async () => {
    await withCopy(
      async (path) => {
        const log = await readFile(`${path}-wal`)
        const file = await open(`${path}-wal`, 'a')
        // A frame that was being written when the power went, with the head of an old one.
        await file.write(Buffer.concat([log.subarray(32, 32 + 24), Buffer.alloc(1500, 7)]))
        await file.close()
      },
      async (mcpd) => {
        expect(await read(mcpd, 'sealed')).toEqual(whole('sealed'))
        expect(await read(mcpd, 'other')).toEqual(whole('other'))
        expect((await check(mcpd)).ok).toBe(true)
      },
    )
  })

  it('with a flipped byte in a segment refuses its conversation and serves the others', async () => {
    await withCopy(
      async (path) => {
        const db = new DatabaseSync(path)
        const [first] = db.prepare('SELECT s, data FROM segments ORDER BY s').all() as {
          s: number
          data: Uint8Array
        }[]
        const data = Buffer.from(first?.data ?? [])
        data[Math.floor(data.length / 2)]! ^= 1
        db.prepare('UPDATE segments SET data = ? WHERE s = ?').run(data, first?.s ?? 0)
        db.close()
      },
      async (mcpd) => {
        expect(await read(mcpd, 'sealed')).toEqual(refused)
        expect(await read(mcpd, 'other')).toEqual(whole('other'))
        const { ok, problems } = await check(mcpd)
        expect(ok).toBe(false)
        expect(problems.map(({ context }) => context)).toContain('sealed')
      },
    )
  })

  it('with flipped bytes anywhere says what was written, or that it cannot', async () => {
    const numbers = createNumbers(11)
    for (let time = 0; time < 3; time += 1) {
      const path = await copy()
      checkpoint(path)
      const bytes = await readFile(path)
      // Behind the header, of which a flip may say that this is no database.
      for (let flip = 0; flip < 24; flip += 1)
        bytes[100 + numbers.below(bytes.length - 100)]! ^= 1 << numbers.below(8)
      await writeFile(path, bytes)
      for (const context of ['sealed', 'other']) {
        const said = await readPast(path, context)
        if (said) expect(said).toEqual(expected(context))
      }
    }
  })
})

/** Straight from the file; undefined where that says an error of ours. */
const readPast = async (path: string, context: string): Promise<readonly unknown[] | undefined> => {
  let journal: Journal | undefined
  try {
    journal = await openSqliteJournal({ path })
    const found = await journal.path({ tenant: 'default', context }, { head: 'main' })
    return found?.turns.map(({ body }) => (JSON.parse(body.toString()) as { content: unknown }).content)
  } catch (error) {
    if (isMcpdError(error)) return undefined
    throw error
  } finally {
    await journal?.close()
  }
}

const missing = postgresMissing()

describe.skipIf(missing !== undefined)(`a database of conversations (${missing ?? 'PostgreSQL'})`, () => {
  let server: PostgresServer
  let mcpd: TestDaemon
  beforeAll(async () => {
    if (missing !== undefined) return
    server = await startPostgres()
    mcpd = await startTestDaemon(
      'contexts: { journal: "${env:MCPD_TEST_STORE}" }\n',
      {},
      { MCPD_TEST_STORE: server.url },
    )
  })
  afterAll(async () => {
    await mcpd?.close()
    await server?.close()
  })

  it('with a flipped byte in a segment refuses its conversation and serves the others', async () => {
    await write(mcpd, 'sealed')
    await write(mcpd, 'other')
    await sealed(mcpd)
    await server.query(
      `UPDATE mcpd.segments SET data = set_byte(data, length(data) / 2, get_byte(data, length(data) / 2) # 1)
       WHERE s = (SELECT min(s) FROM mcpd.segments JOIN mcpd.contexts USING (k) WHERE context = 'sealed')`,
    )
    // What a daemon has in its memory is right, and would be shown.
    const other = await startTestDaemon(
      'contexts: { journal: "${env:MCPD_TEST_STORE}" }\n',
      {},
      { MCPD_TEST_STORE: server.url },
    )
    try {
      expect(await read(other, 'sealed')).toEqual(refused)
      expect(await read(other, 'other')).toEqual(whole('other'))
      const { ok, problems } = await check(other)
      expect(ok).toBe(false)
      expect(problems.map(({ context }) => context)).toContain('sealed')
    } finally {
      await other.close()
    }
  })
})
