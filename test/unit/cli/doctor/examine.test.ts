import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runChecks } from '../../../../src/cli/doctor/check.ts'
import { doctorChecks, type Probes } from '../../../../src/cli/doctor/examine.ts'
import { McpdError } from '../../../../src/core/errors.ts'
import { status } from '../../client/stand-in-daemon.ts'
import { temporaryFolder } from '../../commands/run-command.ts'

/** A machine on which all is well and no daemon runs. */
const well: Probes = {
  stateDir: async (path) => ({ path, mode: 0o700, isDirectory: true, isOwn: true, isWritable: true }),
  socket: async (path) => ({ path, isOwn: true }),
  disk: async () => 1e12,
  descriptors: async () => 65_536,
  runtime: () => '3.21.1',
  port: async () => ({ state: 'free' }),
  daemon: async () => ({ isAlive: false }),
  config: async () => ({ backends: [] }),
  backends: async () => [{ name: 'gpu', isReachable: true, modelCount: 1, skewMs: 0 }],
  clock: async () => 0,
}

const examine = async (probes: Partial<Probes>, config = '{}') => {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'mcpd.yaml'), config)
  const env = { XDG_CONFIG_HOME: cwd, XDG_STATE_HOME: '/state' }
  const checks = doctorChecks(
    { sources: { cwd, env }, nodeVersion: '24.12.0', nodeNeeded: '>=24.12', ownVersion: '1.2.3' },
    { ...well, ...probes },
  )
  const results = await runChecks(checks, { signal: new AbortController().signal, limitMs: 60_000 })
  return { results, of: (name: string) => results.find(({ check }) => check === name) }
}

const record = { pid: 42, url: status.url, socket: '/run/a.sock' }

describe('doctorChecks', () => {
  it('finds nothing where there is nothing', async () => {
    const { results } = await examine({})
    expect(results.filter(({ state }) => state !== 'ok')).toEqual([])
    expect(results.map(({ check }) => check)).toEqual([
      'node',
      'config',
      'state directory',
      'disk',
      'open files',
      'daemon',
      'admin socket',
      'port',
      'embedded runtime',
      'backend gpu',
      'clock',
    ])
  })

  it('asks the daemon, if one runs, for its backends, and the backends for the time', async () => {
    const asked: string[] = []
    const { of } = await examine({
      daemon: async () => ({ record, isAlive: true, status }),
      socket: async (path) => ({ path, mode: 0o600, isOwn: true }),
      backends: () => Promise.reject(new Error('nobody asks them directly')),
      clock: async (url) => {
        asked.push(url)
        return 90_000
      },
    })
    expect(of('backend gpu')).toMatchObject({ state: 'ok', detail: 'answers at http://gpu/v1, 2 models' })
    expect(of('backend cpu')).toMatchObject({ state: 'fail', detail: 'no answer: refused' })
    expect(asked).toEqual(['http://gpu/v1'])
    expect(of('clock')).toMatchObject({ state: 'warn' })
    expect(of('port')).toMatchObject({ state: 'ok', detail: "127.0.0.1:6273 is the daemon's own" })
    expect(of('admin socket')?.detail).toContain('/run/a.sock')
  })

  it('looks where the config says', async () => {
    const ports: (string | number)[] = []
    const { of } = await examine(
      {
        port: async (host, port) => {
          ports.push(host, port)
          return { state: 'taken' }
        },
        runtime: () => undefined,
      },
      'listen: {host: 127.0.0.2, port: 7000}\nstateDir: /elsewhere\nbackends: [{name: l, adapter: embedded}]',
    )
    expect(ports).toEqual(['127.0.0.2', 7000])
    expect(of('port')).toMatchObject({ state: 'fail' })
    expect(of('state directory')?.detail).toBe('/elsewhere')
    expect(of('embedded runtime')).toMatchObject({ state: 'fail' })
  })

  it('says what is wrong with a config, and goes on without it', async () => {
    const { of } = await examine(
      { config: () => Promise.reject(new McpdError('CONFIG_INVALID', 'mcpd.yaml:1: no.')) },
      'listne: {}',
    )
    expect(of('config')).toMatchObject({ state: 'fail', detail: 'mcpd.yaml:1: no.' })
    expect(of('state directory')?.detail).toBe('/state/mcpd')
    expect(of('backends')).toMatchObject({ state: 'warn' })
  })
})
