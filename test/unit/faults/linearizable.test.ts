import { describe, expect, it } from 'vitest'
import { findAnomalies, type Operation } from '../../faults/linearizable.ts'

const append = (
  invoked: number,
  returned: number,
  turns: readonly string[],
  expected?: string | null,
): Operation => ({ kind: 'append', invoked, returned, turns, ...(expected !== undefined && { expected }) })
const read = (invoked: number, returned: number, ...turns: string[]): Operation => ({
  kind: 'read',
  invoked,
  returned,
  turns,
})
const refused = (
  invoked: number,
  returned: number,
  expected: string | null,
  head: string | null,
): Operation => ({ kind: 'refused', invoked, returned, expected, head })

describe('a history that one copy could have answered', () => {
  it('has appends one behind the other, and reads between them', () => {
    const history = [
      append(0, 1, ['a'], null),
      read(2, 3, 'a'),
      append(4, 9, ['b', 'c'], 'a'),
      read(5, 6, 'a'),
      read(7, 8, 'a', 'b', 'c'),
      refused(10, 11, 'a', 'c'),
      append(12, 13, ['d']),
      read(14, 15, 'a', 'b', 'c', 'd'),
    ]
    expect(findAnomalies(history)).toEqual([])
  })

  it('may have an append that was never answered, whether or not it happened', () => {
    const history = [append(0, 1, ['a'], null), append(2, Infinity, ['b'], 'a'), append(2, Infinity, ['x'])]
    expect(findAnomalies([...history, read(3, 4, 'a'), read(5, 6, 'a', 'b')])).toEqual([])
    expect(findAnomalies(history.slice(0, 1).concat(append(2, Infinity, ['x']), read(3, 4, 'a')))).toEqual([])
  })

  it('may show an append to a read that ended before it was acknowledged', () => {
    expect(findAnomalies([append(0, 9, ['a'], null), read(1, 2), read(3, 4, 'a')])).toEqual([])
  })
})

describe('a history that none could have answered', () => {
  it.each<[string, readonly Operation[]]>([
    ['loses what was acknowledged', [append(0, 1, ['a'], null), append(2, 3, ['b'], 'a'), read(4, 5, 'a')]],
    ['forgets for a moment', [append(0, 1, ['a'], null), read(2, 3), read(4, 5, 'a')]],
    [
      'shows less than an earlier read',
      [append(0, 9, ['a'], null), read(1, 2, 'a'), read(3, 4), read(10, 11, 'a')],
    ],
    [
      'takes two appends behind the same turn',
      [
        append(0, 1, ['a'], null),
        append(2, 3, ['b'], 'a'),
        append(2, 3, ['c'], 'a'),
        read(4, 5, 'a', 'b', 'c'),
      ],
    ],
    [
      'has branches',
      [append(0, 1, ['a'], null), append(2, 5, ['b']), read(6, 7, 'a', 'b'), read(6, 7, 'a', 'c')],
    ],
    ['has what nobody wrote', [append(0, 1, ['a'], null), read(2, 3, 'a', 'z')]],
    ['has something twice', [append(0, 1, ['a'], null), read(2, 3, 'a', 'a')]],
    ['has one turn of two appends', [append(0, 1, ['a'], null), append(0, 1, ['a'], null), read(2, 3, 'a')]],
    ['turns real time round', [append(0, 1, ['b']), append(2, 3, ['a']), read(4, 5, 'a', 'b')]],
    ['tears an append apart', [append(0, 9, ['a', 'b']), append(0, 9, ['c']), read(10, 11, 'a', 'c', 'b')]],
    ['refuses what was right', [append(0, 1, ['a'], null), refused(2, 3, 'a', 'a'), read(4, 5, 'a')]],
    [
      'refuses by a head of long ago',
      [append(0, 1, ['a'], null), append(2, 3, ['b']), refused(4, 5, 'z', 'a'), read(6, 7, 'a', 'b')],
    ],
    [
      'refuses by a head that never was',
      [append(0, 1, ['a'], null), refused(2, 3, null, 'q'), read(4, 5, 'a')],
    ],
  ])('%s', (_, history) => {
    expect(findAnomalies(history)).not.toEqual([])
  })
})
