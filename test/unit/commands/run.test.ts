import { expect, it } from 'vitest'
import { chatEvents, models, standInDaemon, streamOf } from '../client/stand-in-daemon.ts'
import { runCommand } from './run-command.ts'

it('mcpd run is mcpd chat, and help knows it', async () => {
  await using daemon = await standInDaemon({
    'GET /mcp/v1/models': { json: { models } },
    'POST /mcp/v1/gpu/tiny/chat': streamOf(chatEvents(['Because.'])),
  })
  const [answer, help] = await Promise.all([
    runCommand(['run', 'tiny', 'Why?', '--url', daemon.url]),
    runCommand(['--help']),
  ])
  expect(answer).toEqual({ code: 0, out: 'Because.', err: '' })
  expect(help.out).toMatch(/^ {2}run +ask a model/m)
})
