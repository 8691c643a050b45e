import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createHostLimit } from '../../../../src/crawler/sources/host-limit.ts'
import { createHttp, type HttpOptions } from '../../../../src/crawler/sources/http.ts'
import { serve } from '../../../harness/http-server.ts'

/** What a GET of a URL comes to: the answer, or the error. */
const get = async (url: string, options: Partial<HttpOptions> = {}) => {
  await using http = createHttp({
    named: new URL(url),
    hosts: [],
    timeoutMs: 20_000,
    sizeMaxBytes: 100_000,
    signal: new AbortController().signal,
    limit: createHostLimit(2),
    retry: { wait: () => Promise.resolve() },
    ...options,
  })
  const answer = await http.send({ url: new URL(url) })
  return { status: answer.status, text: answer.bytes.toString(), url: answer.url.href }
}

describe('an answer', () => {
  it('is unpacked', async () => {
    const { url } = await serve((_, response) => {
      response.setHeader('content-encoding', 'gzip').end(gzipSync('{"a":1}'))
    })
    expect(await get(url)).toMatchObject({ status: 200, text: '{"a":1}' })
  })

  it('may not be a bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    const { url } = await serve(
      (_, response) => void response.setHeader('content-encoding', 'gzip').end(bomb),
    )
    await expect(get(url)).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining('100000 bytes'),
    })
  })

  it('may not be packed twice', async () => {
    const { url } = await serve((_, response) => {
      response.setHeader('content-encoding', 'gzip, gzip').end(gzipSync(gzipSync('{}')))
    })
    await expect(get(url)).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
  })

  it('may not be what it does not claim to be', async () => {
    const { url } = await serve(
      (_, response) => void response.setHeader('content-encoding', 'gzip').end('plain'),
    )
    await expect(get(url)).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
  })

  it('is not read when it says that it is too large', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 2 ** 31 }).flushHeaders()
    })
    await expect(get(url)).rejects.toThrow('over 100000 bytes')
  })

  it('is read no further than allowed when it says nothing', async () => {
    const { url } = await serve((_, response) => {
      const more = () => void response.write(Buffer.alloc(30_000), () => response.destroyed || more())
      more()
    })
    await expect(get(url)).rejects.toThrow('over 100000 bytes')
  })

  it.each(['head', 'body'])('has a deadline, also for a %s that comes byte by byte', async (slow) => {
    const { url } = await serve((_, response) => {
      if (slow === 'body') response.flushHeaders()
      const drip = setInterval(
        () => (slow === 'body' ? response.write(' ') : response.socket?.write('H')),
        20,
      )
      response.on('close', () => clearInterval(drip))
    })
    await expect(get(url, { timeoutMs: 300, retry: { attemptsMax: 1 } })).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
    })
  })

  it('stops when the caller does', async () => {
    const { url } = await serve(() => controller.abort(new Error('enough')))
    const controller = new AbortController()
    await expect(get(url, { signal: controller.signal })).rejects.toThrow()
  })
})

describe('a redirect', () => {
  it('is followed on the same host', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/a') response.writeHead(302, { location: '/b' }).end()
      else response.end('there')
    })
    expect(await get(`${url}/a`)).toMatchObject({ text: 'there', url: `${url}/b` })
  })

  it('in a circle ends', async () => {
    const { url, requests } = await serve(
      (_, response) => void response.writeHead(302, { location: '/x' }).end(),
    )
    await expect(get(url)).rejects.toThrow('redirects more than')
    expect(requests).toHaveLength(6)
  })

  it('elsewhere is refused, and nobody there is asked', async () => {
    const other = await serve((_, response) => void response.end('secret'))
    const { url } = await serve((_, response) => void response.writeHead(302, { location: other.url }).end())
    await expect(get(url)).rejects.toMatchObject({ code: 'SOURCE_REFUSED' })
    expect(other.requests).toHaveLength(0)
  })

  it('to an allowed host takes no credentials along', async () => {
    const other = await serve((_, response) => void response.end('public'))
    const { url, requests } = await serve((_, response) => {
      response.writeHead(302, { location: other.url }).end()
    })
    const answer = await get(url, {
      hosts: [new URL(other.url).host],
      auth: { kind: 'token', token: 'secret' },
      headers: { 'x-gateway': 'secret' },
    })
    expect(answer.text).toBe('public')
    expect(requests[0]?.headers).toMatchObject({ authorization: 'Bearer secret', 'x-gateway': 'secret' })
    expect(JSON.stringify(other.requests[0]?.headers)).not.toContain('secret')
  })
})

describe('credentials', () => {
  it.each([
    [{ kind: 'token', token: 't' }, { authorization: 'Bearer t' }],
    [{ kind: 'token', token: 't', header: 'X-Api-Key' }, { 'x-api-key': 't' }],
    [{ kind: 'basic', username: 'u', password: 'p' }, { authorization: 'Basic dTpw' }],
  ] as const)('%j', async (auth, headers) => {
    const { url, requests } = await serve((_, response) => void response.end())
    await get(url, { auth })
    expect(requests[0]?.headers).toMatchObject(headers)
  })
})

describe('a failure that may pass', () => {
  it('is tried again, with growing waits of random length', async () => {
    const { url, requests } = await serve((_, response) => void response.writeHead(503).end())
    const waits: number[] = []
    const retry = {
      attemptsMax: 3,
      backoffMs: 100,
      random: () => 0.5,
      wait: (ms: number) => Promise.resolve(void waits.push(ms)),
    }
    await expect(get(url, { retry })).rejects.toThrow('answered 503')
    expect(requests).toHaveLength(3)
    expect(waits).toEqual([100, 200])
  })

  it('is tried again when the server said', async () => {
    let asked = 0
    const { url } = await serve((_, response) => {
      if ((asked += 1) === 1) response.writeHead(429, { 'retry-after': '7' }).end()
      else response.end('now')
    })
    const waits: number[] = []
    const wait = (ms: number) => Promise.resolve(void waits.push(ms))
    expect(await get(url, { retry: { wait } })).toMatchObject({ text: 'now' })
    expect(waits).toEqual([7000])
  })

  it('is not waited for longer than allowed', async () => {
    const { url, requests } = await serve((_, response) => {
      response.writeHead(429, { 'retry-after': '86400' }).end()
    })
    await expect(get(url)).rejects.toThrow('answered 429')
    expect(requests).toHaveLength(1)
  })

  it('may be a connection that breaks', async () => {
    let asked = 0
    const { url } = await serve((request, response) => {
      if ((asked += 1) === 1) request.socket.destroy()
      else response.end('now')
    })
    expect(await get(url)).toMatchObject({ text: 'now' })
  })
})

it('one host is asked few things at once', async () => {
  const limit = createHostLimit(2)
  let running = 0
  let most = 0
  await Promise.all(
    Array.from({ length: 10 }, () =>
      limit.run('h', async () => {
        most = Math.max(most, (running += 1))
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
      }),
    ),
  )
  expect(most).toBe(2)
})
