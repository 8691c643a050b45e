import { describe, expect, it } from 'vitest'
import { standInDaemon } from '../../client/stand-in-daemon.ts'
import { runCommand } from '../run-command.ts'

const adapters = [
  { type: 'openai', description: 'Any OpenAI-compatible server.', host: 'module', backends: ['gpu', 'lab'] },
  { type: 'embedded', description: 'llama.cpp.', host: 'sidecar', backends: [] },
]

describe('mcpd adapter list', () => {
  it('prints every adapter with its backends', async () => {
    await using daemon = await standInDaemon({ 'GET /mcp/v1/adapters': { json: { adapters } } })
    const { code, out } = await runCommand(['adapter', 'list', '--url', daemon.url])
    expect({ code, lines: out.split('\n') }).toEqual({
      code: 0,
      lines: [
        'ADAPTER   RUNS AS  BACKENDS  WHAT FOR',
        'openai    module   gpu, lab  Any OpenAI-compatible server.',
        'embedded  sidecar  -         llama.cpp.',
      ],
    })
  })
})
