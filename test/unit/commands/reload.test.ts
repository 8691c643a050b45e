import { describe, expect, it } from 'vitest'
import { problem, standInDaemon } from '../client/stand-in-daemon.ts'
import { runCommand } from './run-command.ts'

describe('mcpd reload', () => {
  it('says what changed', async () => {
    const report = { added: ['gpu'], replaced: [], removed: [], kept: [], restartNeeded: [] }
    await using daemon = await standInDaemon({ 'POST /admin/reload': { json: report } })
    const [plain, json] = await Promise.all([
      runCommand(['reload', '--url', daemon.url]),
      runCommand(['reload', '--json', '--url', daemon.url]),
    ])
    expect(plain).toMatchObject({ code: 0, out: 'added:    gpu' })
    expect(JSON.parse(json.out)).toEqual(report)
  })

  it('ends with 2 and the line of a bad file', async () => {
    const refusal = problem(500, 'CONFIG_INVALID', 'mcpd.yaml:3: /listen/port must be integer.')
    await using daemon = await standInDaemon({ 'POST /admin/reload': { status: 500, json: refusal } })
    const { code, err } = await runCommand(['reload', '--url', daemon.url])
    expect(code).toBe(2)
    expect(err).toContain('mcpd.yaml:3: /listen/port must be integer.')
  })
})
