import { describe, expect, it } from 'vitest'
import { formatStats } from '../../../../src/cli/contexts/format-store.ts'

describe('the numbers of a store', () => {
  it('say what waits for PostgreSQL', () => {
    const text = formatStats({
      driver: 'postgres',
      turns: 3,
      bytes: { content: 2048 },
      spool: { appends: 2, bytes: 1024, oldestMs: 61_000, forks: 0 },
    })
    const rows = text.split('\n').map((line) => line.trim().split(/ {2,}/))
    expect(rows).toContainEqual(['spool: appends that wait', '2'])
    expect(rows).toContainEqual(['spool: age of the oldest', '61 s'])
    expect(rows).toContainEqual(['turns', '3'])
  })

  it('say nothing of a spool where there is none', () =>
    expect(formatStats({ driver: 'sqlite', turns: 3, bytes: {} })).not.toContain('spool'))
})
