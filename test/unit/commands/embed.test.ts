import { describe, expect, it } from 'vitest'
import { models, served, standInDaemon, timings } from '../client/stand-in-daemon.ts'
import { runCommand } from './run-command.ts'

const embed = 'POST /mcp/v1/gpu/org%2Fvectors/embed'
const answer = (embeddings: number[][]) => ({
  ...served,
  output: { embeddings },
  usage: null,
  timings,
  warnings: [],
})
const listed = { 'GET /mcp/v1/models': { json: { models } } }

describe('mcpd embed', () => {
  it('prints a vector per line that is piped in, from the first model that can', async () => {
    await using daemon = await standInDaemon({
      ...listed,
      [embed]: {
        json: answer([
          [1, 2.5],
          [-3, 0],
        ]),
      },
    })
    const { code, out } = await runCommand(['embed', '--url', daemon.url], { input: 'one\r\n\n two\n' })
    expect({ code, out }).toEqual({ code: 0, out: '[1,2.5]\n[-3,0]' })
    expect(daemon.received[1]?.body).toEqual({ input: ['one', ' two'] })
  })

  it('embeds a text argument whole, as JSON if asked for', async () => {
    await using daemon = await standInDaemon({ ...listed, [embed]: { json: answer([[1]]) } })
    const words = ['embed', 'org/vectors', 'two\nlines', '--dimensions', '1', '--json', '--url', daemon.url]
    const { code, out } = await runCommand(words)
    expect({ code, out: JSON.parse(out) as unknown }).toEqual({ code: 0, out: answer([[1]]) })
    expect(daemon.received[1]?.body).toEqual({ input: ['two\nlines'], dimensions: 1 })
  })

  it('says which model could, when the named one cannot', async () => {
    await using daemon = await standInDaemon(listed)
    const { code, err } = await runCommand(['embed', 'tiny', 'text', '--url', daemon.url])
    expect(code).toBe(2)
    expect(err).toContain('gpu/tiny cannot embed.')
    expect(err).toContain('gpu/org/vectors can.')
  })
})
