import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { detachDaemon, runDaemon } from '../../../src/cli/daemon-process.ts'
import { McpdError } from '../../../src/core/errors.ts'
import { temporaryFolder } from '../commands/run-command.ts'

/** A program that does this as a daemon. */
const daemon = (script: string): string => {
  const program = join(temporaryFolder(), 'daemon.mjs')
  writeFileSync(program, script)
  return program
}

const openLog = () => {
  const path = join(temporaryFolder(), 'log')
  const log = openSync(path, 'a')
  onTestFinished(() => closeSync(log))
  return { log, text: () => readFileSync(path, 'utf8') }
}

const { signal: interrupted } = new AbortController()
const failing = `process.send({ type: 'failed', code: 'CONFIG_INVALID', message: 'Bad.', exit: 2, suggestions: ['Mend it.'] })
process.disconnect(); process.exitCode = 2`
const failure = { code: 'CONFIG_INVALID', message: 'Bad.', details: { suggestions: ['Mend it.'] } }

describe('detachDaemon', () => {
  it('resolves once the daemon is ready and leaves it running', async () => {
    const program = daemon(
      `process.send({ type: 'ready', url: process.argv[2], pid: process.pid }); setInterval(() => {}, 1000)`,
    )
    const { url, pid } = await detachDaemon({ argv: ['http://d'], program, ...openLog(), interrupted })
    expect(url).toBe('http://d')
    // Throws for a process that is no more.
    expect(process.kill(pid, 0)).toBe(true)
    process.kill(pid, 'SIGKILL')
  })

  it('throws why it did not start', async () => {
    const starting = detachDaemon({ argv: [], program: daemon(failing), ...openLog(), interrupted })
    await expect(starting).rejects.toMatchObject(failure)
  })

  it('throws for one that dies without a word, whose last words are in the log', async () => {
    const { log, text } = openLog()
    const program = daemon(`console.log('out'); throw new Error('it broke')`)
    await expect(detachDaemon({ argv: [], program, log, interrupted })).rejects.toMatchObject({
      code: 'INTERNAL',
      oclif: { exit: 4 },
    })
    expect(text()).toContain('it broke')
    expect(text()).not.toContain('out\n')
  })

  it('stops what it started when it is interrupted', async () => {
    const controller = new AbortController()
    const { log, text } = openLog()
    const program = daemon(`process.on('SIGTERM', () => { console.error('stopped'); process.exit() })
setInterval(() => {}, 1000); console.error('started')`)
    const starting = detachDaemon({ argv: [], program, log, interrupted: controller.signal })
    await expect.poll(text, { timeout: 20_000 }).toContain('started')
    controller.abort(new McpdError('CANCELLED', 'Interrupted.'))
    await expect(starting).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect.poll(text, { timeout: 20_000 }).toContain('stopped')
  })
})

describe('runDaemon', () => {
  it('keeps the channel open, and resolves with the exit code', async () => {
    const program = daemon(
      `process.send({ type: 'ready', url: '', pid: 1 }, () => setTimeout(() => process.exit(process.connected ? 7 : 1), 100))`,
    )
    expect(await runDaemon({ argv: [], program })).toBe(7)
  })

  it('throws why it did not start', async () => {
    await expect(runDaemon({ argv: [], program: daemon(failing) })).rejects.toMatchObject(failure)
  })

  it('knows a code that this version has no name for', async () => {
    const program = daemon(failing.replace('CONFIG_INVALID', 'NEW_CODE'))
    await expect(runDaemon({ argv: [], program })).rejects.toMatchObject({
      code: 'NEW_CODE',
      oclif: { exit: 2 },
    })
  })

  it('says which signal ended it, as shells do', async () => {
    expect(
      await runDaemon({
        argv: [],
        program: daemon(`process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)`),
      }),
    ).toBe(137)
  })

  it('hands signals on', async () => {
    const program = daemon(`process.on('SIGHUP', () => process.exit(5))
setInterval(() => {}, 1000)
process.send({ type: 'ready', url: '', pid: 1 }, () => process.kill(process.ppid, 'SIGHUP'))`)
    expect(await runDaemon({ argv: [], program })).toBe(5)
  })
})
