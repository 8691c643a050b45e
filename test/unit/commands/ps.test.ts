import { describe, expect, it } from 'vitest'
import { problem, standInDaemon, status } from '../client/stand-in-daemon.ts'
import { runCommand } from './run-command.ts'

const running = { 'GET /api/ps': { json: { models: [{ name: 'gpu/tiny', size: 1024 }] } } }

describe('mcpd ps', () => {
  it('shows loaded models and the requests at each backend', async () => {
    await using daemon = await standInDaemon({ ...running, 'GET /admin/status': { json: status } })
    const { code, out } = await runCommand(['ps', '--json', '--url', daemon.url])
    expect({ code, out: JSON.parse(out) as unknown }).toEqual({
      code: 0,
      out: {
        models: [{ name: 'gpu/tiny', size: 1024 }],
        backends: [
          { name: 'gpu', adapter: 'openai', inFlight: 1, queued: 3 },
          { name: 'cpu', adapter: 'ollama', inFlight: 0, queued: 0 },
        ],
      },
    })
  })

  it('makes do with the models where it may not look further', async () => {
    const refusal = problem(403, 'FORBIDDEN', 'Admin routes answer on the admin socket.')
    await using daemon = await standInDaemon({
      ...running,
      'GET /admin/status': { status: 403, json: refusal },
    })
    const { code, out } = await runCommand(['ps', '--url', daemon.url])
    expect(code).toBe(0)
    expect(out.split('\n')).toHaveLength(2)
  })
})
