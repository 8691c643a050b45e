import type { FastifyReply, FastifyRequest } from 'fastify'
import { describe, expect, it } from 'vitest'
import { type AccessOptions, createAccess, isLoopback } from '../../../../src/daemon/http/access.ts'

const ask = (
  options: Partial<AccessOptions>,
  headers: Record<string, string>,
  { url = '/v1/models', method = 'GET', local = false } = {},
): Record<string, string> => {
  const socket = {}
  const access = createAccess({
    host: '127.0.0.1',
    hosts: [],
    origins: [],
    adminToken: 'admin',
    local: new WeakSet(local ? [socket as never] : []),
    ...options,
  })
  const sent: Record<string, string> = {}
  const reply = {
    header: (name: string, value: string) => {
      sent[name] = value
      return reply
    },
  }
  access(
    {
      headers: { host: 'localhost:6273', ...headers },
      url,
      method,
      raw: { socket },
      routeOptions: { url: url.split('?')[0] },
    } as unknown as FastifyRequest,
    reply as unknown as FastifyReply,
  )
  return sent
}

const forbidden = expect.objectContaining({ code: 'FORBIDDEN' })
const unauthenticated = expect.objectContaining({ code: 'UNAUTHENTICATED' })

describe('createAccess', () => {
  it.each(['localhost', 'LOCALHOST:1', '127.0.0.1:6273', '127.8.9.1', '[::1]:6273', 'a.localhost'])(
    'takes the loopback name %s',
    (host) => {
      expect(() => ask({}, { host })).not.toThrow()
    },
  )

  it.each(['evil.example', '127.0.0.1.evil.example', '', '10.0.0.1', 'localhost.evil.example:6273'])(
    'refuses the host "%s"',
    (host) => {
      expect(() => ask({}, { host })).toThrow(forbidden)
    },
  )

  it('takes hosts that are configured, and the one that is bound', () => {
    expect(() => ask({ hosts: ['Box.example'] }, { host: 'box.example:80' })).not.toThrow()
    expect(() => ask({ host: '10.0.0.1' }, { host: '10.0.0.1:6273' })).not.toThrow()
  })

  it('takes no origin, its own, or a listed one, which CORS is told', () => {
    const origins = ['https://app.example']
    expect(ask({ origins }, {})).toEqual({})
    expect(ask({ origins }, { origin: 'http://localhost:6273' })).toEqual({})
    expect(ask({ origins }, { origin: 'https://app.example' })).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      vary: 'origin',
    })
    for (const origin of ['https://evil.example', 'null', 'http://localhost:1', 'https://app.example.evil'])
      expect(() => ask({ origins }, { origin })).toThrow(forbidden)
  })

  it('asks for the key everywhere but at health checks', () => {
    const options = { apiKey: 'secret' }
    for (const url of ['/v1/models', '/', '/metrics', '/openapi.json', '/healthzz', '/nothing'])
      expect(() => ask(options, {}, { url })).toThrow(unauthenticated)
    for (const url of ['/healthz', '/readyz?verbose=1']) expect(() => ask(options, {}, { url })).not.toThrow()
    expect(() => ask(options, { authorization: 'Bearer secret' })).not.toThrow()
    expect(() => ask(options, { authorization: 'bearer secret' })).not.toThrow()
    expect(() => ask(options, { 'x-api-key': 'secret' })).not.toThrow()
    for (const key of ['secre', 'secrets', '', 'SECRET'])
      expect(() => ask(options, { 'x-api-key': key })).toThrow(unauthenticated)
    expect(() => ask(options, { authorization: 'Basic secret' })).toThrow(unauthenticated)
  })

  it('opens admin routes to the socket and the admin token alone', () => {
    const admin = { url: '/admin/stop', method: 'POST' }
    expect(() => ask({}, {}, admin)).toThrow(forbidden)
    expect(() => ask({ apiKey: 'secret' }, { 'x-api-key': 'secret' }, admin)).toThrow(forbidden)
    expect(() => ask({}, { authorization: 'Bearer admin' }, admin)).not.toThrow()
    expect(() => ask({}, { host: '' }, { ...admin, local: true })).not.toThrow()
  })

  it('lets a preflight of a listed origin through without a key', () => {
    const options = { apiKey: 'secret', origins: ['https://app.example'] }
    expect(() => ask(options, { origin: 'https://app.example' }, { method: 'OPTIONS' })).not.toThrow()
    expect(() => ask(options, {}, { method: 'OPTIONS' })).toThrow(unauthenticated)
  })
})

describe('isLoopback', () => {
  it('knows loopback from the rest', () => {
    expect(['127.0.0.1', '::1', 'localhost'].every(isLoopback)).toBe(true)
    expect(['0.0.0.0', '::', '192.168.0.1', '127.evil.example'].some(isLoopback)).toBe(false)
  })
})
