import { describe, expect, it } from 'vitest'
import {
  type DaemonFacts,
  judgeBackends,
  judgeClock,
  judgeDaemon,
  judgeDescriptors,
  judgeDisk,
  judgeNode,
  judgePort,
  judgeRuntime,
  judgeSocket,
  judgeStateDir,
  type StateDirFacts,
} from '../../../../src/cli/doctor/judge.ts'
import { status } from '../../client/stand-in-daemon.ts'

describe('Node', () => {
  it.each([
    ['24.12.0', 'ok'],
    ['24.21.0', 'ok'],
    ['26.0.0', 'ok'],
    ['24.11.9', 'fail'],
    ['22.99.0', 'fail'],
  ])('%s is %s', (version, state) => {
    expect(judgeNode(version, '>=24.12')).toMatchObject({ state })
  })
})

describe('the state directory', () => {
  const good: StateDirFacts = {
    path: '/s',
    mode: 0o40_700,
    isDirectory: true,
    isOwn: true,
    isWritable: true,
  }
  const { mode: _, ...absent } = { ...good, isDirectory: false }
  it.each<[string, StateDirFacts, string]>([
    ['one of this user alone', good, 'ok'],
    ['one that others may read', { ...good, mode: 0o40_755 }, 'warn'],
    ['one of somebody else', { ...good, isOwn: false }, 'warn'],
    ['a file', { ...good, isDirectory: false }, 'fail'],
    ['one that cannot be written', { ...good, isWritable: false }, 'fail'],
    ['none yet', absent, 'ok'],
    ['none, where none can be made', { ...absent, isWritable: false }, 'fail'],
    ['one too long for a socket', { ...good, path: `/${'s'.repeat(100)}` }, 'fail'],
  ])('%s', (_, facts, state) => {
    expect(judgeStateDir(facts).state).toBe(state)
  })
})

describe('the daemon', () => {
  const record = { pid: 42, url: 'http://127.0.0.1:6273' }
  it.each<[string, DaemonFacts, string]>([
    ['that is not there', { isAlive: false }, 'ok'],
    ['that answers', { record, isAlive: true, status }, 'ok'],
    ['that has crashed', { record, isAlive: false }, 'warn'],
    ['that hangs', { record, isAlive: true, silence: 'nothing within 3 s' }, 'fail'],
    ['of another version', { record, isAlive: true, status: { ...status, version: '0.9.0' } }, 'warn'],
  ])('%s', (_, facts, state) => {
    expect(judgeDaemon(facts, '1.2.3').state).toBe(state)
  })
})

describe('the port', () => {
  const place = { host: '127.0.0.1', port: 6273 }
  it.each([
    ['free', {}, 'ok'],
    ['ours', {}, 'ok'],
    ['taken', { by: 'another web server' }, 'fail'],
    ['denied', {}, 'fail'],
    ['no-address', {}, 'fail'],
    ['free', { daemonUrl: 'http://127.0.0.1:1' }, 'warn'],
  ] as const)('%s %j', (state, more, expected) => {
    expect(judgePort({ ...place, state, ...more })).toMatchObject({ state: expected })
  })

  it('says who has it', () => {
    expect(judgePort({ ...place, state: 'taken', by: 'another web server' }).detail).toContain(
      'another web server',
    )
  })
})

describe('backends', () => {
  it.each([
    ['ok', { isReachable: true, modelCount: 2, title: 'Ollama 0.20.0' }],
    ['warn', { isReachable: true, modelCount: 0 }],
    ['warn', { isReachable: true, modelCount: 2, circuit: 'open' as const }],
    ['warn', { isReachable: true, detail: 'it answered 401' }],
    ['fail', { isReachable: false, detail: 'nothing listens there' }],
  ])('%s for %j', (state, facts) => {
    const [result] = judgeBackends([{ name: 'gpu', url: 'http://gpu', ...facts }], false)
    expect(result).toMatchObject({ check: 'backend gpu', state })
    if ('detail' in facts) expect(result?.detail).toContain(facts.detail)
  })

  it('are better than none', () => {
    expect(judgeBackends([], false)).toMatchObject([{ check: 'backends', state: 'warn' }])
  })
})

describe('the clock', () => {
  it('is that of the backend that differs most', () => {
    const near = { name: 'near', skewMs: 900 }
    expect(judgeClock([near, { name: 'silent' }])).toMatchObject({ state: 'ok' })
    const judged = judgeClock([near, { name: 'far', skewMs: -300_000 }])
    expect(judged).toMatchObject({ state: 'warn', detail: 'the clock of far is 5 min behind' })
  })
})

describe('limits', () => {
  it('are judged by what a daemon needs', () => {
    expect([1e12, 500e6, 10e6].map((bytes) => judgeDisk(bytes).state)).toEqual(['ok', 'warn', 'fail'])
    expect(
      [Number.POSITIVE_INFINITY, 65_536, 1024, 64].map((limit) => judgeDescriptors(limit).state),
    ).toEqual(['ok', 'ok', 'warn', 'fail'])
  })
})

describe('the rest', () => {
  it('misses the embedded runtime only where something needs it', () => {
    expect(judgeRuntime('3.21.1', true).state).toBe('ok')
    expect(judgeRuntime(undefined, false).state).toBe('ok')
    expect(judgeRuntime(undefined, true)).toMatchObject({
      state: 'fail',
      remedy: 'mcpd adapter install embedded',
    })
  })

  it('wants the socket there and private while a daemon runs', () => {
    const socket = { path: '/s/admin.sock', mode: 0o140_600, isOwn: true, daemonRuns: true }
    expect(judgeSocket(socket).state).toBe('ok')
    expect(judgeSocket({ ...socket, mode: 0o140_666 })).toMatchObject({
      state: 'fail',
      remedy: 'chmod 600 /s/admin.sock',
    })
    expect(judgeSocket({ ...socket, isOwn: false }).state).toBe('fail')
    expect(judgeSocket({ path: '/s', isOwn: true, daemonRuns: true }).state).toBe('fail')
    expect(judgeSocket({ path: '/s', isOwn: true, daemonRuns: false }).state).toBe('ok')
  })
})
