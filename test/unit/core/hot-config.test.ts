import { describe, expect, it } from 'vitest'
import { resolveHot } from '../../../src/core/hot-config.ts'

const placeOf = (url: string | string[]) => resolveHot({ url }, 'postgres').hot?.place

describe('the place of hot copies', () => {
  it('is one Redis', () => {
    expect(placeOf('redis://cache')).toEqual({
      nodes: [{ host: 'cache', port: 6379 }],
      isCluster: false,
      tls: false,
    })
    expect(placeOf('rediss://me:a%40b@[::1]:7000/2')).toEqual({
      nodes: [{ host: '::1', port: 7000 }],
      isCluster: false,
      tls: true,
      username: 'me',
      password: 'a@b',
      database: 2,
    })
  })

  it.each([
    [['redis://:secret@a:1', 'redis://b']],
    ['redis+cluster://:secret@a:1,b'],
    ['redis://:secret@a:1,redis://b'],
  ])('is a cluster where there are several: %j', (url) =>
    expect(placeOf(url)).toEqual({
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 6379 },
      ],
      isCluster: true,
      tls: false,
      password: 'secret',
    }),
  )

  it('is a cluster where it is called one', () => {
    expect(placeOf('rediss+cluster://a')).toMatchObject({ isCluster: true, tls: true })
    expect(placeOf(['redis://a'])).toMatchObject({ isCluster: true })
  })

  it.each([
    'redis://',
    'redis://hunter2:port',
    'redis://:hunter%2@a',
    'redis://a/hunter2',
    'redis+cluster://a,b/1',
    'redis://a,rediss://hunter2',
  ])('is refused without being said: %s', (url) => {
    const error = (() => {
      try {
        return placeOf(url)
      } catch (thrown) {
        return thrown as Error & { cause?: unknown }
      }
    })()
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' })
    expect(JSON.stringify([(error as Error).message, (error as Error).cause])).not.toContain('hunter2')
  })
})

describe('hot copies', () => {
  it('are kept for 30 days, or as it is said', () => {
    expect(resolveHot({ url: 'redis://a' }, 'postgres').hot?.ttlMs).toBe(30 * 86_400_000)
    expect(resolveHot({ url: 'redis://a', ttl: '1h' }, 'postgres').hot?.ttlMs).toBe(3_600_000)
    expect(resolveHot(undefined, 'sqlite')).toEqual({})
  })

  it.each(['sqlite', 'memory'])('make no sense with %s', (kind) =>
    expect(() => resolveHot({ url: 'redis://a' }, kind)).toThrow(/contexts\.hot is for daemons that share/),
  )
})
