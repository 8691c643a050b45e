import { describe, expect, it } from 'vitest'
import { isRemote, resolveSpecs, specProblem } from '../../../src/core/spec-config.ts'

const named = (rest: object) => ({ sources: [{ name: 'a', ...rest }] })

describe('specs of the config', () => {
  it('fill in defaults and start relative paths at the folder of the config', () => {
    expect(resolveSpecs(undefined, '/state', '/etc')).toEqual({ store: '/state/specs', sources: [] })
    const specs = resolveSpecs(
      { store: 'kept', every: '1h', ...named({ file: 'api.yaml' }) },
      '/state',
      '/etc',
    )
    expect(specs).toEqual({
      store: '/etc/kept',
      sources: [
        {
          name: 'a',
          origin: { kind: 'file', path: '/etc/api.yaml' },
          hosts: [],
          everyMs: 3_600_000,
          timeoutMs: 60_000,
          sizeMaxBytes: 64 * 2 ** 20,
        },
      ],
    })
  })

  it.each([
    [{ url: 'http://h/' }, { kind: 'url', url: 'http://h/' }],
    [{ command: ['x', 'y'] }, { kind: 'command', argv: ['x', 'y'], cwd: '/etc' }],
    [{ backend: 'gpu' }, { kind: 'backend', backend: 'gpu' }],
    [{ git: { path: 'p' } }, { kind: 'git', repository: '/etc', path: 'p', revision: 'HEAD' }],
    [
      { git: { repository: 'https://h/r.git', path: 'p', revision: 'v1' } },
      { kind: 'git', repository: 'https://h/r.git', path: 'p', revision: 'v1' },
    ],
  ])('know where %j comes from', (entry, origin) => {
    expect(resolveSpecs(named(entry), '/state', '/etc').sources[0]?.origin).toEqual(origin)
  })

  it.each([
    [named({}), '/specs/sources/0', 'exactly one'],
    [named({ url: 'http://h/', file: 'x' }), '/specs/sources/0', 'exactly one'],
    [named({ url: 'http://u:p@h/' }), '/specs/sources/0/url', 'credentials'],
    [named({ url: 'http://h/', auth: {} }), '/specs/sources/0/auth', 'token'],
    [named({ url: 'http://h/', auth: { token: 't', username: 'u' } }), '/specs/sources/0/auth', 'token'],
    [
      {
        sources: [
          { name: 'a', file: 'x' },
          { name: 'a', file: 'y' },
        ],
      },
      '/specs/sources/1/name',
      'two specs',
    ],
  ])('refuse %j', (file, pointer, part) => {
    expect(specProblem(file)).toEqual({ pointer, message: expect.stringContaining(part) as string })
  })

  it('tell addresses from folders', () => {
    expect(['https://h/r', 'ssh://h/r', 'git@h:r', 'file:///r'].map(isRemote)).toEqual([
      true,
      true,
      true,
      true,
    ])
    expect(['.', '/srv/r', 'C:\\r', '../r'].map(isRemote)).toEqual([false, false, false, false])
  })
})
