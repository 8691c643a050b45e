import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { expect, it, onTestFinished } from 'vitest'
import { createWireClient } from '../../../src/fuzz/wire/client.ts'

const open = async (answer: (request: IncomingMessage, response: ServerResponse) => void) => {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const client = createWireClient({ url, connections: 1, now: () => performance.now() })
  onTestFinished(async () => {
    await client[Symbol.asyncDispose]()
    server.closeAllConnections()
    server.close()
  })
  const limits = { totalMaxMs: 5000, signal: new AbortController().signal }
  return (path: string) =>
    client.send('GET /', { method: 'GET', url: `${url.origin}${path}`, headers: [] }, limits)
}

it('reads what is packed though nobody asked for it, and says nothing of what it cannot read', async () => {
  const packed: Record<string, Buffer> = {
    gzip: gzipSync('{"a":1}'),
    br: brotliCompressSync('{"a":1}'),
    zstd: Buffer.from('{"a":1}'),
  }
  const send = await open((request, response) => {
    const encoding = (request.url ?? '').slice(1)
    response.writeHead(200, { 'content-encoding': encoding }).end(packed[encoding])
  })
  expect((await send('/gzip')).response).toMatchObject({ body: '{"a":1}', isCut: false })
  expect((await send('/br')).response).toMatchObject({ body: '{"a":1}', isCut: false })
  expect((await send('/zstd')).response).toMatchObject({ isCut: true })
})

it('asks again on a new connection when one that was kept open is closed under it', async () => {
  const used = new WeakSet()
  const send = await open(({ socket }, response) => {
    if (used.has(socket)) return void socket.destroy()
    used.add(socket)
    response.end('ok')
  })
  expect((await send('/')).response?.body).toBe('ok')
  expect((await send('/')).response?.body).toBe('ok')
})

it('tells of a connection that is dropped each time', async () => {
  const send = await open(({ socket }) => void socket.destroy())
  expect((await send('/')).failure?.kind).toBe('dropped')
})
