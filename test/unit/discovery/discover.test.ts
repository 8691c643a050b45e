import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { discover } from '../../../src/discovery/discover.ts'

const closers: (() => unknown)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A server that answers these paths with JSON and all others with 404; returns its port and what it was asked. */
const serve = async (answers: Record<string, unknown>, headers: Record<string, string> = {}) => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const answer = answers[request.url ?? '']
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json', ...headers })
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? {}))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, asked }
}

describe('discover', () => {
  it.each([
    ['ollama', { '/api/version': { version: '0.20.0' } }, '', '0.20.0'],
    ['llamacpp', { '/props': { default_generation_settings: {}, build_info: 'b1' } }, '/v1', 'b1'],
    ['tgi', { '/info': { model_id: 'm', router: 'r', version: '3.3' } }, '/v1', '3.3'],
    ['vllm', { '/v1/models': { data: [{ id: 'm', owned_by: 'vllm' }] } }, '/v1', ''],
    ['lmstudio', { '/api/v0/models': { data: [{ id: 'm', compatibility_type: 'gguf' }] } }, '/v1', ''],
    ['triton', { '/v2': { name: 'triton', version: '2.60' } }, '', '2.60'],
  ])('knows %s by its answer, whatever its port', async (name, answers, path, version) => {
    const { port, asked } = await serve(answers)
    const [found] = await discover([port])
    expect(found).toMatchObject({ runtime: { name }, url: `http://127.0.0.1:${port}${path}`, version })
    expect(asked.every((line) => line.startsWith('GET '))).toBe(true)
  })

  it('takes nothing for a runtime that is none', async () => {
    const page = {
      '/': '<html>',
      '/api/version': '<html>',
      '/info': { model_id: 'm' },
      '/v1/models': { data: [] },
    }
    const { port } = await serve(page)
    const itself = await serve({ '/api/version': { version: '0.20.0' } }, { server: 'mcpd/0.1.0' })
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    closers.push(() => {
      silent.closeAllConnections()
      silent.close()
    })
    const ports = [port, itself.port, (silent.address() as AddressInfo).port, 1]
    expect(await discover(ports)).toEqual([])
  })
})
