import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findLog, findStateDir, locateDaemon } from '../../../src/client/locate.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcpd-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const record = { pid: 1, url: 'http://127.0.0.1:7000', socket: '/run/mcpd/admin.sock' }
const writeRecord = (value: unknown, directory = folder): void => {
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'daemon.json'), typeof value === 'string' ? value : JSON.stringify(value))
}
const locate = (options: Parameters<typeof locateDaemon>[0] = {}, env: NodeJS.ProcessEnv = {}) => {
  const { url, ...rest } = locateDaemon({ stateDir: folder, ...options }, env)
  return { url: url.href, ...rest }
}

describe('locateDaemon', () => {
  it('takes the URL of the caller before that of the environment', () => {
    const env = { MCPD_URL: 'http://b:2' }
    expect(locate({ url: 'http://a:1' }, env)).toEqual({ url: 'http://a:1/', source: 'as asked for' })
    expect(locate({}, env)).toEqual({ url: 'http://b:2/', source: 'from MCPD_URL' })
  })

  it('takes the socket of the state directory for everything when no URL is asked for', () => {
    writeRecord(record)
    expect(locate()).toEqual({
      url: 'http://127.0.0.1:7000/',
      source: `from ${join(folder, 'daemon.json')}`,
      socketPath: record.socket,
      adminSocketPath: record.socket,
    })
  })

  it('administers through the socket only the daemon that was asked for', () => {
    writeRecord(record)
    expect(locate({ url: 'http://127.0.0.1:7000/' }).adminSocketPath).toBe(record.socket)
    expect(locate({ url: 'http://127.0.0.1:7000/' })).not.toHaveProperty('socketPath')
    expect(locate({ url: 'http://127.0.0.1:7001' })).not.toHaveProperty('adminSocketPath')
    expect(locate({}, { MCPD_URL: 'http://elsewhere:7000' })).not.toHaveProperty('adminSocketPath')
  })

  it('falls back to the default port when there is no usable record', () => {
    for (const value of [undefined, '{"url":', '[]', { url: 'nonsense' }, { pid: 1 }]) {
      if (value !== undefined) writeRecord(value)
      expect(locate()).toEqual({ url: 'http://127.0.0.1:6273/', source: 'the default' })
    }
  })
})

describe('the state directory', () => {
  it('is the option, MCPD_STATE_DIR, $XDG_STATE_HOME/mcpd or below the home, in that order', () => {
    const env = { MCPD_STATE_DIR: '/m', XDG_STATE_HOME: '/x' }
    expect(findStateDir('/o', env)).toBe('/o')
    expect(findStateDir(undefined, env)).toBe('/m')
    expect(findStateDir(undefined, { ...env, MCPD_STATE_DIR: '' })).toBe('/x/mcpd')
    expect(findStateDir(undefined, {})).toMatch(/\/\.local\/state\/mcpd$/)
  })

  it('has the log, unless the daemon says that it writes elsewhere', () => {
    expect(findLog(folder, {})).toBe(join(folder, 'log.jsonl'))
    writeRecord({ ...record, log: '/var/log/mcpd.jsonl' })
    expect(findLog(folder, {})).toBe('/var/log/mcpd.jsonl')
  })
})
