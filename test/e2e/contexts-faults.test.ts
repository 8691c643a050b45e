import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runControl } from '../faults/controls.ts'
import { runStorm } from '../faults/storm.ts'
import { postgresMissing } from '../harness/postgres.ts'

/** The small form of `npm run test:faults`: whatever goes wrong, nothing that was acknowledged is lost. */

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcpd-faults-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const seed = 7

describe('two daemons with a file each', () => {
  it('keep everything that they acknowledged through twelve faults', async () => {
    const { acknowledged, wrong } = await runStorm({ store: 'sqlite', folder, faults: 12, seed })
    expect(wrong).toEqual([])
    expect(acknowledged).toBeGreaterThan(12)
  })
})

const missing = postgresMissing()

describe.skipIf(missing !== undefined)(`two daemons on one database (${missing ?? 'PostgreSQL'})`, () => {
  it('keep everything that they acknowledged through eighteen faults', async () => {
    const { acknowledged, wrong } = await runStorm({
      store: 'postgres',
      folder,
      faults: 18,
      seed,
      builds: ['short-lease'],
      postgresSettings: ['fsync=off'],
    })
    expect(wrong).toEqual([])
    expect(acknowledged).toBeGreaterThan(18)
  })

  it('are found out where they acknowledge too early', async () => {
    const wrong = await runControl(
      { build: 'write-behind', store: 'postgres', kinds: /^postgres: stopped/, faults: 1 },
      { folder, seed },
    )
    expect(wrong.join('\n')).toMatch(/was acknowledged as .* and is lost/)
  })
})
