import { describe, expect, it } from 'vitest'
import { createGroups } from '../../../../../../src/daemon/contexts/journal/postgres/group.ts'

const refused = (code: string): Error => Object.assign(new Error(code), { code })

/** Runs that wait until they are let go, each with what it was given. */
const heldRuns = () => {
  const runs: { readonly writes: readonly string[]; readonly go: (error?: Error) => void }[] = []
  const submit = createGroups<string, string>(async (writes) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    runs.push({ writes, go: (error) => (error ? reject(error) : resolve()) })
    await promise
    return writes.map((write) => (write === 'stale' ? undefined : `${write} written`))
  })
  return { runs, submit }
}

describe('groups of writes', () => {
  it('go at once while little is under way, and together after that', async () => {
    const { runs, submit } = heldRuns()
    const written = ['a', 'b', 'c', 'd', 'e', 'f', 'stale'].map(submit)
    expect(runs.map(({ writes }) => writes)).toEqual([['a'], ['b'], ['c'], ['d']])
    runs[2]?.go()
    expect(await written[2]).toBe('c written')
    await expect.poll(() => runs.length).toBe(5)
    expect(runs[4]?.writes).toEqual(['e', 'f', 'stale'])
    for (const { go } of runs) go()
    expect(await Promise.all(written.slice(4))).toEqual(['e written', 'f written', undefined])
  })

  it('that one write spoils are written one by one, and only that one fails', async () => {
    const submit = createGroups<string, string>(async (writes) => {
      await Promise.resolve()
      if (writes.includes('taken')) throw refused('23505')
      return writes
    })
    const results = await Promise.allSettled(['a', 'b', 'c', 'd', 'e', 'taken', 'f'].map(submit))
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value : 'failed'))).toEqual([
      'a',
      'b',
      'c',
      'd',
      'e',
      'failed',
      'f',
    ])
  })

  it('whose outcome is not known fail all, and none is written again', async () => {
    const seen: string[] = []
    const submit = createGroups<string, string>(async (writes) => {
      seen.push(...writes)
      await Promise.resolve()
      throw new Error('Connection terminated unexpectedly')
    })
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const results = await Promise.allSettled(names.map(submit))
    expect(results.every(({ status }) => status === 'rejected')).toBe(true)
    expect(seen).toEqual(names)
  })
})
