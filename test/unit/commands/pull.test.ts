import { describe, expect, it } from 'vitest'
import { type Answer, standInDaemon } from '../client/stand-in-daemon.ts'
import { runCommand, startCommand } from './run-command.ts'

const lines =
  (...steps: object[]): Answer =>
  ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.end(steps.map((step) => `${JSON.stringify(step)}\n`).join(''))
  }

const steps = [
  { status: 'pulling manifest' },
  { status: 'pulling a', digest: 'sha256:a', total: 10, completed: 5 },
  { status: 'success' },
]

describe('mcpd pull', () => {
  it('says what goes on, as lines of JSON or at the end of it, if asked for', async () => {
    await using daemon = await standInDaemon({ 'POST /api/pull': lines(...steps) })
    const words = ['pull', 'gpu/m', '--url', daemon.url]
    const [plain, final, stream] = await Promise.all([
      runCommand(words),
      runCommand([...words, '--json']),
      runCommand([...words, '--json', '--stream']),
    ])
    expect(plain).toMatchObject({ code: 0, err: 'pulling manifest\npulling a\nsuccess' })
    expect(plain.out).toContain('gpu/m is there.')
    expect(JSON.parse(final.out)).toEqual({ model: 'gpu/m', status: 'success', bytes: 10 })
    expect(stream.out.split('\n').map((line) => JSON.parse(line) as unknown)).toEqual(steps)
  })

  it('ends with 3 when the backend fails midway', async () => {
    await using daemon = await standInDaemon({ 'POST /api/pull': lines(steps[0]!, { error: 'disk full' }) })
    const { code, err } = await runCommand(['pull', 'm', '--url', daemon.url])
    expect(code).toBe(3)
    expect(err).toContain('disk full')
  })

  it('stops the pull at an interrupt', async () => {
    const { promise: stopped, resolve } = Promise.withResolvers<void>()
    await using daemon = await standInDaemon({
      'POST /api/pull': async ({ response, abandoned }) => {
        response.writeHead(200, { 'content-type': 'application/x-ndjson' })
        response.write('{"status":"pulling manifest"}\n')
        await abandoned
        resolve()
      },
    })
    const command = startCommand(['pull', 'm', '--url', daemon.url])
    command.stderr?.once('data', () => command.kill('SIGINT'))
    const { exitCode } = await command
    await stopped
    expect(exitCode).toBe(130)
  })
})
