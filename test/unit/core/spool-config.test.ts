import { describe, expect, it } from 'vitest'
import { resolveSpool } from '../../../src/core/spool-config.ts'

describe('contexts.spool', () => {
  it('is off unless it is asked for', () => {
    expect(resolveSpool(undefined, 'sqlite', '/state', '/etc')).toEqual({})
    expect(resolveSpool(false, 'postgres', '/state', '/etc')).toEqual({})
  })

  it('is a file in the state directory of at most a gigabyte', () => {
    const spool = { path: '/state/spool.db', maxBytes: 2 ** 30 }
    expect(resolveSpool(true, 'postgres', '/state', '/etc')).toEqual({ spool })
    expect(resolveSpool({}, 'postgres', '/state', '/etc')).toEqual({ spool })
  })

  it('takes a path from where the configuration is', () =>
    expect(resolveSpool({ path: 'late.db', max: '2MB' }, 'postgres', '/state', '/etc')).toEqual({
      spool: { path: '/etc/late.db', maxBytes: 2 ** 21 },
    }))

  it('is refused where the journal is not in PostgreSQL', () =>
    expect(() => resolveSpool(true, 'sqlite', '/state', '/etc')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    ))
})
