import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { standInDaemon, status } from '../client/stand-in-daemon.ts'
import { runCommand, temporaryFolder } from './run-command.ts'

interface Report {
  readonly ok: boolean
  readonly checks: readonly { readonly check: string; readonly state: string; readonly detail: string }[]
}

const examine = async (stateDir: string, config: string) => {
  const path = join(temporaryFolder(), 'mcpd.yaml')
  writeFileSync(path, config)
  const { code, out } = await runCommand(['doctor', '--json', '--config', path, '--state-dir', stateDir])
  const report = JSON.parse(out) as Report
  return { code, ok: report.ok, of: (name: string) => report.checks.find(({ check }) => check === name) }
}

describe('mcpd doctor', () => {
  it('asks the backends of the config itself while no daemon runs', async () => {
    await using backend = await standInDaemon({
      'GET /v1/models': { json: { data: [{ id: 'a' }, { id: 'b' }] } },
    })
    const { code, ok, of } = await examine(
      join(temporaryFolder(), 'state'),
      `listen: {port: 0}\nbackends: [{name: gpu, adapter: openai, url: "${backend.url}/v1"}]`,
    )
    expect({ code, ok }).toEqual({ code: 0, ok: true })
    expect(of('daemon')).toMatchObject({ state: 'ok' })
    expect(of('config')?.detail).toContain('1 backend')
    expect(of('backend gpu')).toMatchObject({ state: 'ok', detail: `answers at ${backend.url}/v1, 2 models` })
    expect(of('clock')).toMatchObject({ state: 'ok', detail: "within 30 s of the backends'" })
    expect(backend.received.every(({ method }) => method === 'GET')).toBe(true)
  })

  it('ends with 1 when something failed, and says what', async () => {
    const { code, ok, of } = await examine(
      join(temporaryFolder(), 'state'),
      'listen: {port: 0}\nbackends: [{name: gpu, adapter: openai, url: "http://127.0.0.1:1/v1"}]',
    )
    expect({ code, ok }).toEqual({ code: 1, ok: false })
    expect(of('backend gpu')).toMatchObject({
      state: 'fail',
      remedy: 'Start it, or correct its entry in mcpd.yaml.',
    })
  })

  it('notices a daemon that crashed, one that answers, and a folder open to others', async () => {
    const folder = temporaryFolder()
    const [crashed, answering] = [join(folder, 'a'), join(folder, 'b')]
    mkdirSync(crashed, { mode: 0o755 })
    mkdirSync(answering, { mode: 0o700 })
    const socket = join(answering, 'admin.sock')
    const record = { url: status.url, socket }
    writeFileSync(join(crashed, 'daemon.json'), JSON.stringify({ ...record, pid: 4_100_000 }))
    writeFileSync(join(answering, 'daemon.json'), JSON.stringify({ ...record, pid: process.pid }))
    await using _ = await standInDaemon(
      { 'GET /admin/status': { json: { ...status, backends: [] } } },
      socket,
    )
    const [gone, here] = await Promise.all(
      [crashed, answering].map((path) => examine(path, 'listen: {port: 0}')),
    )
    expect(gone!.of('daemon')).toMatchObject({ state: 'warn' })
    expect(gone!.of('state directory')).toMatchObject({ state: 'warn', remedy: `chmod 700 ${crashed}` })
    expect(here!.of('state directory')).toMatchObject({ state: 'ok' })
    expect(here!.of('daemon')?.detail).toContain(`process ${process.pid}, version 1.2.3`)
    expect(here!.of('admin socket')?.state).not.toBe('ok')
  })
})
