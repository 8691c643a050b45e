import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { defaultStateDir } from '../../../src/core/state-dir.ts'

describe('defaultStateDir', () => {
  it('lies in $XDG_STATE_HOME', () => {
    expect(defaultStateDir({ XDG_STATE_HOME: join('/', 'state') })).toBe(join('/', 'state', 'mcpd'))
  })

  it.each([{}, { XDG_STATE_HOME: '' }])('lies in the home directory for %j', (env) => {
    expect(defaultStateDir(env)).toBe(join(homedir(), '.local', 'state', 'mcpd'))
  })
})
