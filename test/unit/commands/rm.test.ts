import { describe, expect, it } from 'vitest'
import { standInDaemon } from '../client/stand-in-daemon.ts'
import { runCommand } from './run-command.ts'

describe('mcpd rm', () => {
  it('deletes when told that it is meant, and asks nobody where nobody is', async () => {
    await using daemon = await standInDaemon({
      'DELETE /api/delete': ({ response }) => void response.writeHead(200).end(),
    })
    const unasked = await runCommand(['rm', 'gpu/m', '--url', daemon.url])
    expect({ code: unasked.code, received: daemon.received.length }).toEqual({ code: 2, received: 0 })
    expect(unasked.err).toContain('--yes')

    const meant = await runCommand(['rm', 'gpu/m', '--yes', '--json', '--url', daemon.url])
    expect({ code: meant.code, out: JSON.parse(meant.out) as unknown }).toEqual({
      code: 0,
      out: { model: 'gpu/m', deleted: true },
    })
    expect(daemon.received[0]?.body).toEqual({ model: 'gpu/m' })
  })

  it('says which model there is not', async () => {
    await using daemon = await standInDaemon({
      'DELETE /api/delete': { status: 404, json: { error: 'No backend serves a model "m".' } },
    })
    const { code, err } = await runCommand(['rm', 'm', '--yes', '--url', daemon.url])
    expect(code).toBe(2)
    expect(err).toContain('No backend serves a model "m".')
  })
})
