import { expect, it } from 'vitest'
import { formatReload } from '../../../src/cli/format-reload.ts'

const nothing = { added: [], replaced: [], removed: [], kept: [], restartNeeded: [] }

it('formatReload has a line per kind of change', () => {
  expect(formatReload({ ...nothing, kept: ['a'] })).toBe('No backend has changed.')
  expect(
    formatReload({ added: ['a', 'b'], replaced: [], removed: ['c'], kept: ['d'], restartNeeded: [] }),
  ).toBe('added:    a, b\nremoved:  c\nkept:     d')
  expect(formatReload({ ...nothing, restartNeeded: ['listen.port'] })).toBe(
    'No backend has changed.\nChanged, but in force only after "mcpd stop" and "mcpd serve": listen.port',
  )
})
