import { describe, expect, it } from 'vitest'
import { problem, standInDaemon, status } from '../client/stand-in-daemon.ts'
import { runCommand } from './run-command.ts'

describe('mcpd status', () => {
  it('prints what the daemon says of itself, as JSON if asked for', async () => {
    await using daemon = await standInDaemon({ 'GET /admin/status': { json: status } })
    const { code, out } = await runCommand(['status', '--json', '--url', daemon.url], {
      env: { MCPD_ADMIN_TOKEN: 'token' },
    })
    expect({ code, out: JSON.parse(out) as unknown }).toEqual({ code: 0, out: status })
    expect(daemon.received[0]?.headers.authorization).toBe('Bearer token')
  })

  it('says what is missing to look into a daemon elsewhere', async () => {
    const refusal = problem(
      403,
      'FORBIDDEN',
      'Admin routes answer on the admin socket, or to the admin token.',
    )
    await using daemon = await standInDaemon({ 'GET /admin/status': { status: 403, json: refusal } })
    const { code, err } = await runCommand(['status', '--url', daemon.url])
    expect(code).toBe(2)
    expect(err).toContain('Admin routes answer on the admin socket')
  })
})
