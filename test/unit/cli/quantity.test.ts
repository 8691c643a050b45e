import { describe, expect, it } from 'vitest'
import { formatBytes, formatDuration } from '../../../src/cli/quantity.ts'

describe('formatDuration', () => {
  it('says the two largest units', () => {
    const examples: [number, string][] = [
      [0, '0 ms'],
      [999, '999 ms'],
      [1000, '1 s'],
      [4230, '4.2 s'],
      [60_000, '1 min'],
      [185_000, '3 min 5 s'],
      [3_600_000, '1 h'],
      [7_800_000, '2 h 10 min'],
      [86_400_000, '1 d'],
      [442_800_000, '5 d 3 h'],
    ]
    for (const [ms, text] of examples) expect(formatDuration(ms)).toBe(text)
  })
})

describe('formatBytes', () => {
  it('says MiB, from 1024 of them GiB', () => {
    expect(formatBytes(52_428_800)).toBe('50.0 MiB')
    expect(formatBytes(1_610_612_736)).toBe('1.5 GiB')
  })
})
