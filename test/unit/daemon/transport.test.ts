import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createTransport } from '../../../src/daemon/transport.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const serve = async (listener: RequestListener): Promise<{ server: Server; url: string }> => {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const open = (url: string) => {
  const transport = createTransport(url, { connectionsMax: 4, connectTimeoutMs: 5000 })
  closers.push(() => transport.close())
  return transport
}

const get = (path = '/', signal: AbortSignal = new AbortController().signal) =>
  ({ method: 'GET', path, signal }) as const

describe('createTransport', () => {
  it('sends below the base path and gives status, headers and body', async () => {
    const { url } = await serve((request, response) => {
      response.setHeader('x-seen', `${request.method} ${request.url} ${request.headers.host}`)
      response.statusCode = 201
      request.pipe(response)
    })
    const response = await open(`${url}/v1/`).send({ ...get('/chat?a=1'), method: 'POST', body: 'ping' })
    expect(response.status).toBe(201)
    expect(response.headers['x-seen']).toBe(`POST /v1/chat?a=1 ${new URL(url).host}`)
    expect(String(await response.bytes(100))).toBe('ping')
  })

  it('says BACKEND_UNAVAILABLE where nobody listens', async () => {
    const { server, url } = await serve(() => undefined)
    server.close()
    await once(server, 'close')
    await expect(open(url).send(get())).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: /ECONNREFUSED/,
    })
  })

  it('gives what came before a cut, then BACKEND_INCOMPLETE', async () => {
    const { url } = await serve((_, response) => {
      response.write('half')
      setImmediate(() => response.destroy())
    })
    const response = await open(url).send(get())
    const chunks: string[] = []
    const reading = (async () => {
      for await (const chunk of response.body) chunks.push(String(chunk))
    })()
    await expect(reading).rejects.toMatchObject({ code: 'BACKEND_INCOMPLETE' })
    expect(chunks.join('')).toBe('half')
  })

  it('closes the upstream connection when the signal aborts, before and after the head', async () => {
    const { server, url } = await serve((request, response) => {
      if (request.url === '/body') response.write('start')
    })
    const closed = (): Promise<unknown> =>
      once(server, 'connection').then(([socket]) => once(socket as never, 'close'))
    for (const path of ['/head', '/body']) {
      const controller = new AbortController()
      const gone = closed()
      const transport = open(url)
      const seen = once(server, 'request')
      const sending = transport.send(get(path, controller.signal))
      await seen
      if (path === '/head') {
        controller.abort(new Error('stop'))
        await expect(sending).rejects.toThrow('stop')
      } else {
        const reading = Array.fromAsync((await sending).body)
        controller.abort(new Error('stop'))
        await expect(reading).rejects.toThrow('stop')
      }
      await gone
    }
  })

  it('throws the reason of a signal that is aborted already', async () => {
    const { url } = await serve((_, response) => response.end())
    await expect(open(url).send(get('/', AbortSignal.abort(new Error('late'))))).rejects.toThrow('late')
  })

  it('does not read ahead of a slow reader', async () => {
    let sent = 0
    const piece = Buffer.alloc(64 * 1024)
    const { url } = await serve((_, response) => {
      const more = (): void => {
        while (sent < 2000 && response.write(piece)) sent += 1
      }
      response.on('drain', more)
      more()
    })
    const controller = new AbortController()
    const response = await open(url).send(get('/', controller.signal))
    const iterator = response.body[Symbol.asyncIterator]()
    await iterator.next()
    // The sender stalls once the kernel's buffers are full; without back-pressure it would send all 2000 pieces.
    let before = -1
    while (before !== sent) {
      before = sent
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(sent).toBeLessThan(1000)
    await iterator.return?.()
  })

  it('refuses a body over the limit and drops the connection', async () => {
    const { server, url } = await serve((_, response) => response.write(Buffer.alloc(5000)))
    const gone = once(server, 'connection').then(([socket]) => once(socket as never, 'close'))
    const response = await open(url).send(get())
    await expect(response.bytes(100)).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      message: /over 100 bytes/,
    })
    await gone
  })
})
