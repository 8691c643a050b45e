import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createClient } from '../../../src/client/index.ts'
import { type Answer, problem, standInDaemon } from './stand-in-daemon.ts'

const connect = (url: string) => createClient({ url, apiKey: 'key', adminToken: 'admin' }, {})

const lines =
  (...steps: object[]): Answer =>
  ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.end(steps.map((step) => `${JSON.stringify(step)}\n`).join(''))
  }

describe('managing models', () => {
  it('is asked for with the API key of a daemon elsewhere', async () => {
    const running = [{ name: 'm', size: 10, size_vram: 5 }]
    const steps = [{ status: 'pulling manifest' }, { status: 'success' }]
    await using daemon = await standInDaemon({
      'GET /api/ps': { json: { models: running } },
      'POST /api/pull': lines(...steps),
      'DELETE /api/delete': ({ response }) => void response.writeHead(200).end(),
    })
    await using client = connect(daemon.url)
    expect(await client.running()).toEqual(running)
    expect(await Array.fromAsync(client.pull('gpu/m'))).toEqual(steps)
    await client.remove('gpu/m')
    expect(daemon.received.map(({ method, body }) => [method, body])).toEqual([
      ['GET', undefined],
      ['POST', { model: 'gpu/m', stream: true }],
      ['DELETE', { model: 'gpu/m' }],
    ])
    for (const { headers } of daemon.received) expect(headers.authorization).toBe('Bearer key')
  })

  it('goes through the socket of a daemon of this user', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mcpd-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const socket = join(folder, 's')
    writeFileSync(join(folder, 'daemon.json'), JSON.stringify({ url: 'http://127.0.0.1:1', pid: 1, socket }))
    await using daemon = await standInDaemon({ 'POST /api/pull': lines({ status: 'success' }) }, socket)
    await using client = createClient({ stateDir: folder, url: 'http://127.0.0.1:1', apiKey: 'key' }, {})
    expect(await Array.fromAsync(client.pull('m'))).toEqual([{ status: 'success' }])
    expect(daemon.received[0]?.headers.authorization).toBeUndefined()
  })

  it('fails with what the dialect of Ollama says', async () => {
    await using daemon = await standInDaemon({
      'DELETE /api/delete': { status: 404, json: { error: 'model "m" not found' } },
      'POST /api/pull': { status: 503, json: { error: 'asleep' } },
    })
    await using client = connect(daemon.url)
    await expect(client.remove('m')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'model "m" not found',
    })
    await expect(Array.fromAsync(client.pull('m'))).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: 'asleep',
    })
  })
})

describe('reload', () => {
  it('answers what changed, or throws the line that is wrong', async () => {
    const report = { added: ['a'], replaced: [], removed: [], kept: [], restartNeeded: ['listen.port'] }
    await using well = await standInDaemon({ 'POST /admin/reload': { json: report } })
    await using client = connect(well.url)
    expect(await client.reload()).toEqual(report)
    expect(well.received[0]?.headers.authorization).toBe('Bearer admin')

    const refusal = problem(500, 'CONFIG_INVALID', 'mcpd.yaml:3: /listen/port must be integer.')
    await using wrong = await standInDaemon({ 'POST /admin/reload': { status: 500, json: refusal } })
    await using other = connect(wrong.url)
    await expect(other.reload()).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: refusal.detail })
  })
})
