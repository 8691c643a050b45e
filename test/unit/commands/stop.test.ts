import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { standInDaemon } from '../client/stand-in-daemon.ts'
import { runCommand, temporaryFolder } from './run-command.ts'

const pid = 4_100_000

describe('mcpd stop', () => {
  it('tells the daemon of the state directory through its socket and waits until it is gone', async () => {
    const folder = temporaryFolder()
    const socket = join(folder, 'admin.sock')
    writeFileSync(join(folder, 'daemon.json'), JSON.stringify({ url: 'http://127.0.0.1:1', pid, socket }))
    const gone: (() => PromiseLike<void>)[] = []
    await using daemon = await standInDaemon(
      {
        'POST /admin/stop': ({ response }) => {
          response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ pid }))
          response.once('close', () => void gone[0]?.())
        },
      },
      socket,
    )
    gone.push(() => daemon[Symbol.asyncDispose]())
    const { code, out } = await runCommand(['stop', '--state-dir', folder, '--json'])
    expect({ code, out: JSON.parse(out) as unknown }).toEqual({ code: 0, out: { pid, stopped: true } })
  })

  it('takes a time-out as people write it', async () => {
    const { code, err } = await runCommand(['stop', '--timeout', 'soon'])
    expect(code).toBe(2)
    expect(err).toContain('"soon" has no known unit')
  })
})
