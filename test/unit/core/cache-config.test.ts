import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { resolveAnswerCache, resolveCacheServer } from '../../../src/core/cache-config.ts'
import { loadConfig } from '../../../src/core/load-config.ts'

const load = (text: string, env: NodeJS.ProcessEnv = {}) => {
  const cwd = mkdtempSync(join(tmpdir(), 'mcpd-'))
  writeFileSync(join(cwd, 'mcpd.yaml'), text)
  return loadConfig({ env, cwd }).config
}

describe('the server of caches', () => {
  it('is a Redis, nodes of one cluster, or a PostgreSQL', () => {
    expect(resolveCacheServer({ url: 'rediss://:p%40ss@cache' })).toEqual({
      kind: 'redis',
      urls: ['rediss://:p%40ss@cache'],
    })
    expect(resolveCacheServer({ url: 'redis://a:1, redis://b:2' })).toEqual({
      kind: 'redis',
      urls: ['redis://a:1', 'redis://b:2'],
    })
    expect(resolveCacheServer({ url: 'postgres://u@h/d?host=%2Ftmp' }).kind).toBe('postgres')
  })

  it.each([
    'redis://u:hunter2@[half',
    'redis://u:hunter2@a,postgres://u:hunter2@b',
    'redis://u:hunter2@a,',
    'postgres://u:hunter2@a/d,postgres://u:hunter2@b/d',
  ])('is refused without showing a password: %s', (url) => {
    const { code, message } = refusal(() => resolveCacheServer({ url }))
    expect(code).toBe('CONFIG_INVALID')
    expect(message).toContain('contexts.cache.url')
    expect(message).not.toContain('hunter2')
  })

  it('keeps its password in a variable, each of several', () => {
    const two = '"redis://a, redis://:hunter2@b"'
    expect(refusal(() => load(`contexts: { cache: { url: ${two} } }`)).message).toMatch(
      /mcpd\.yaml:1: \/contexts\/cache\/url has a password in it/,
    )
    const { contexts } = load('contexts: { cache: { url: "${env:CACHE}" } }', { CACHE: 'redis://:p@a' })
    expect(contexts.cache).toEqual({ kind: 'redis', urls: ['redis://:p@a'] })
  })
})

describe('the answers of a route', () => {
  it('are not kept by default', () => {
    expect(resolveAnswerCache(undefined)).toEqual({})
    const [backend] = load('backends: [{ name: a, adapter: openai, url: http://h }]').backends
    expect(backend).not.toHaveProperty('cache')
  })

  it('are kept by group and by backend, where their time is said', () => {
    const { backends, groups } = load(
      [
        'backends: [{ name: a, adapter: openai, url: http://h, cache: { ttl: 10m } }]',
        'groups: [{ name: g, targets: [a/m], cache: { ttl: 1h, maxBody: 64KB } }]',
      ].join('\n'),
    )
    expect(backends[0]?.cache).toEqual({ ttlMs: 600_000, bodyMaxBytes: 1_048_576 })
    expect(backends[0]?.options).toEqual({ url: 'http://h' })
    expect(groups[0]?.cache).toEqual({ ttlMs: 3_600_000, bodyMaxBytes: 65_536 })
  })

  it.each(['{}', '{ ttl: 10 }', '{ ttl: 30d }', '{ ttl: 1m, maxBody: 20MB }', '{ ttl: 1m, more: 1 }'])(
    'are not kept by %s',
    (cache) => {
      expect(refusal(() => load(`groups: [{ name: g, targets: [a/m], cache: ${cache} }]`)).message).toContain(
        '/groups/0/cache',
      )
    },
  )
})

const refusal = (run: () => unknown): { code: string; message: string } => {
  try {
    run()
  } catch (error) {
    return error as { code: string; message: string }
  }
  throw new Error('Nothing was refused.')
}
