import { describe, expect, it } from 'vitest'
import { Compile } from 'typebox/compile'
import { fuzzSchema, resolveFuzz } from '../../../src/core/fuzz-config.ts'
import { isSecret } from '../../../src/core/load-config.ts'

describe('fuzz in mcpd.yaml', () => {
  const check = Compile(fuzzSchema)

  it('takes what the flags take, and logins', () => {
    expect(
      check.Check({ auth: 'bearer:x', time: '30s', login: { path: '/session', answer: '/token' } }),
    ).toBe(true)
  })

  it('refuses what it does not know', () => {
    expect(check.Check({ tiem: '30s' })).toBe(false)
    expect(check.Check({ time: 'soon' })).toBe(false)
    expect(check.Check({ login: { answer: '/token' } })).toBe(false)
  })

  it('starts relative paths where the config is', () => {
    expect(resolveFuzz({ baseline: 'known.json', hooks: './hooks.js', seed: 1 }, '/srv/app')).toEqual({
      baseline: '/srv/app/known.json',
      hooks: '/srv/app/hooks.js',
      seed: 1,
    })
    expect(resolveFuzz(undefined, '/srv')).toEqual({})
  })
})

it('says where the answer to a login has its credentials, which is no secret', () => {
  expect([isSecret('/fuzz/login/answer'), isSecret('/fuzz/login/body/password')]).toEqual([false, true])
})
