import { describe, expect, it } from 'vitest'
import { formatModels } from '../../../src/cli/format-models.ts'
import { models, standInDaemon } from '../client/stand-in-daemon.ts'
import { runCommand } from './run-command.ts'

describe('mcpd models', () => {
  it('prints the list of the daemon', async () => {
    await using daemon = await standInDaemon({ 'GET /mcp/v1/models': { json: { models } } })
    const [table, json] = await Promise.all([
      runCommand(['models', '--url', daemon.url]),
      runCommand(['models', '--json'], { env: { MCPD_URL: daemon.url } }),
    ])
    expect(table).toEqual({ code: 0, out: formatModels(models), err: '' })
    expect(JSON.parse(json.out)).toEqual({ models })
  })
})
