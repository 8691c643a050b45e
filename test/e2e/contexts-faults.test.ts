import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runControl } from '../faults/controls.ts'
import { runStorm } from '../faults/storm.ts'
import { postgresMissing } from '../harness/postgres.ts'
import { redisMissing } from '../harness/redis.ts'

/** The small form of `npm run test:faults`: whatever goes wrong, nothing that was acknowledged is lost. */

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcpd-faults-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const seed = 7
/** Many processes start one after the other. */
const stormMs = 300_000

describe('two daemons with a file each', () => {
  it(
    'keep everything that they acknowledged through ten faults',
    async () => {
      const { acknowledged, wrong } = await runStorm({ store: 'sqlite', folder, faults: 10, seed })
      expect(wrong).toEqual([])
      expect(acknowledged).toBeGreaterThan(10)
    },
    stormMs,
  )
})

const missing = postgresMissing()
const withoutRedis = redisMissing()
const name = `two daemons on one database (${missing ?? 'PostgreSQL'}), with ${withoutRedis ?? 'Redis'}`

describe.skipIf(missing !== undefined)(name, () => {
  it(
    'keep everything that they acknowledged through twenty faults',
    async () => {
      const { acknowledged, wrong } = await runStorm({
        store: withoutRedis === undefined ? 'postgres+redis' : 'postgres',
        folder,
        faults: 20,
        seed,
        builds: ['short-lease'],
        encrypted: true,
        postgresSettings: ['fsync=off'],
      })
      expect(wrong).toEqual([])
      expect(acknowledged).toBeGreaterThan(20)
    },
    stormMs,
  )

  it(
    'are found out where they acknowledge too early',
    async () => {
      const wrong = await runControl(
        { build: 'write-behind', store: 'postgres', kinds: /^postgres: stopped/, faults: 2 },
        { folder, seed },
      )
      expect(wrong).not.toEqual([])
    },
    stormMs,
  )
})
