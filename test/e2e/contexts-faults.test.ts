import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runStorm } from '../faults/storm.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mcpd-faults-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true })
})

// The small form of `npm run test:faults`.
describe('writers that are killed again and again', () => {
  it('find everything that was acknowledged, once and in order', async () => {
    const { acknowledged, wrong } = await runStorm({ directory, rounds: 5, seed: 7 })
    expect(wrong).toEqual([])
    expect(acknowledged).toBeGreaterThan(20)
  })

  it('are found out when they acknowledge too early', async () => {
    const { wrong } = await runStorm({ directory, rounds: 2, seed: 7, isWriteBehind: true })
    expect(wrong).not.toEqual([])
  })
})
