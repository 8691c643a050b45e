import { describe, expect, it } from 'vitest'
import { formatTable } from '../../../src/cli/table.ts'

describe('formatTable', () => {
  it('lines up its columns and leaves no white space at the ends', () => {
    expect(
      formatTable(
        ['NAME', 'N', 'WHAT'],
        [
          ['a', '10', 'x'],
          ['longer', '2', ''],
        ],
      ),
    ).toBe('NAME    N   WHAT\na       10  x\nlonger  2')
  })

  it('is its headings when there are no rows', () => {
    expect(formatTable(['A', 'B'], [])).toBe('A  B')
  })

  it('keeps a row on one line, and control characters off the terminal', () => {
    expect(formatTable(['A', 'B'], [['x\ny', '\u001b[31mred\u0007']])).toBe('A    B\nx y  [31mred')
  })
})
