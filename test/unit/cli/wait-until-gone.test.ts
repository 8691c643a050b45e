import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { waitUntilGone } from '../../../src/cli/wait-until-gone.ts'
import { McpdError } from '../../../src/core/errors.ts'
import { temporaryFolder } from '../commands/run-command.ts'

const pid = 4_100_000
const { signal } = new AbortController()
const unreachable = (): Promise<never> => Promise.reject(new McpdError('DAEMON_UNREACHABLE', 'gone'))
/** A client whose daemon answers `status` so many times. */
const client = (answers: number, isLocal = false) => ({
  url: 'http://d',
  isLocal,
  status: () => (answers-- > 0 ? Promise.resolve({ pid } as never) : unreachable()),
})
const options = { pid, stateDir: '/nonexistent', timeoutMs: 20_000, signal }

describe('waitUntilGone', () => {
  it('asks until nobody answers', async () => {
    await waitUntilGone(client(3), options)
  })

  it('waits for the state directory of a daemon on this machine', async () => {
    const stateDir = temporaryFolder()
    const record = join(stateDir, 'daemon.json')
    const write = (by: number): void => writeFileSync(record, JSON.stringify({ url: 'http://d', pid: by }))
    write(process.pid)
    const local = client(0, true)
    const waiting = waitUntilGone(local, { ...options, pid: process.pid, stateDir, timeoutMs: 200 })
    await expect(waiting).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
    // Of a process that is no more.
    write(pid)
    await waitUntilGone(local, { ...options, stateDir })
    // Taken over by another.
    write(process.pid)
    await waitUntilGone(local, { ...options, stateDir })
  })

  it('gives up after its time, or with the signal', async () => {
    await expect(waitUntilGone(client(Infinity), { ...options, timeoutMs: 1 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    })
    const controller = new AbortController()
    const waiting = waitUntilGone(client(Infinity), { ...options, signal: controller.signal })
    controller.abort(new McpdError('CANCELLED', 'Interrupted.'))
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
