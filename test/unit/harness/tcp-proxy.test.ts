import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTcpProxy, type TcpProxy } from '../../harness/tcp-proxy.ts'

/** Answers every line with the same line. */
let server: Server
let folder: string
let proxy: TcpProxy
let clients: Socket[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcpd-proxy-'))
  server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  server.listen(join(folder, 'server'))
  await once(server, 'listening')
  proxy = await startTcpProxy({ port: 0 }, { path: join(folder, 'server') })
  clients = []
})
afterEach(async () => {
  for (const client of clients) client.destroy()
  await proxy.close()
  server.close()
  await once(server, 'close')
  await rm(folder, { recursive: true })
})

const dial = async (): Promise<Socket> => {
  const client = connect(proxy.port, '127.0.0.1')
  client.on('error', () => undefined)
  clients.push(client)
  await once(client, 'connect')
  return client
}
/** However it came to that. */
const closed = (client: Socket): Promise<void> =>
  new Promise((resolve) => client.once('close', () => resolve()))
const say = async (client: Socket, text: string): Promise<string> => {
  client.write(text)
  const [bytes] = (await once(client, 'data')) as [Buffer]
  return bytes.toString()
}

describe('a proxy', () => {
  it('hands on what comes, and later what it held up', async () => {
    const client = await dial()
    expect(await say(client, 'one')).toBe('one')
    proxy.set('stall')
    client.write('two')
    const came = once(client, 'data') as Promise<[Buffer]>
    proxy.set({ delayMs: 5 })
    expect((await came)[0].toString()).toBe('two')
  })

  it('ends connections that are cut, and takes new ones when it is fine', async () => {
    const client = await dial()
    expect(await say(client, 'one')).toBe('one')
    const ended = closed(client)
    proxy.set('cut')
    await ended
    proxy.set('fine')
    expect(await say(await dial(), 'two')).toBe('two')
  })

  it('swallows while it is deaf, and ends what has lost bytes afterwards', async () => {
    const client = await dial()
    expect(await say(client, 'one')).toBe('one')
    let isOpen = true
    client.once('close', () => (isOpen = false))
    // Until it has read something while it was deaf.
    while (isOpen) {
      proxy.set('deaf')
      client.write('two')
      await new Promise((resolve) => setImmediate(resolve))
      proxy.set('fine')
    }
    expect(await say(await dial(), 'three')).toBe('three')
  })

  it('cuts an answer in the middle', async () => {
    const client = await dial()
    proxy.cutNextReply()
    const ended = closed(client)
    let heard = ''
    client.on('data', (bytes: Buffer) => (heard += bytes.toString()))
    client.write('0123456789')
    await ended
    expect(heard.length).toBeLessThan(10)
    expect(await say(await dial(), 'whole')).toBe('whole')
  })
})
