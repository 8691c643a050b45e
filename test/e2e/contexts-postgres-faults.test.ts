import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runPostgresStorm } from '../faults/postgres-storm.ts'
import { postgresMissing, type PostgresServer, startPostgres } from '../harness/postgres.ts'

const missing = postgresMissing()

let directory: string
let server: PostgresServer
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mcpd-faults-'))
  server = await startPostgres()
})
afterEach(async () => {
  await server.close()
  await rm(directory, { recursive: true })
})

// The small form of `npm run test:faults -- --postgres`.
describe.skipIf(missing !== undefined)(`two processes on one database (${missing ?? 'PostgreSQL'})`, () => {
  it('find everything that was acknowledged, once and in order, whatever was stopped or killed', async () => {
    const { acknowledged, wrong } = await runPostgresStorm(server, { directory, rounds: 3, seed: 7 })
    expect(wrong).toEqual([])
    expect(acknowledged).toBeGreaterThan(20)
  })

  it('are found out when they acknowledge too early', async () => {
    const { wrong } = await runPostgresStorm(server, { directory, rounds: 1, seed: 7, isWriteBehind: true })
    expect(wrong).not.toEqual([])
  })
})
