import { describe, expect, it } from 'vitest'
import {
  chatEvents,
  models,
  problem,
  served,
  standInDaemon,
  streamOf,
  timings,
} from '../client/stand-in-daemon.ts'
import { runCommand, startCommand } from './run-command.ts'

const answer = {
  ...served,
  output: { role: 'assistant', content: 'Hi.' },
  finishReason: 'stop',
  usage: null,
  timings,
  warnings: [],
}
const listed = { 'GET /mcp/v1/models': { json: { models } } }

describe('mcpd chat', () => {
  it('prints the answer of the first model that can chat', async () => {
    await using daemon = await standInDaemon({
      ...listed,
      'POST /mcp/v1/gpu/tiny/chat': streamOf(chatEvents(['Be', 'cause.'], ['Hm.'])),
    })
    const { code, out, err } = await runCommand(['chat', 'Why is it so?'], {
      env: { MCPD_URL: daemon.url, MCPD_API_KEY: 'k' },
    })
    expect({ code, out, err }).toEqual({ code: 0, out: 'Because.', err: '' })
    expect(daemon.received[1]?.body).toEqual({
      stream: true,
      messages: [{ role: 'user', content: 'Why is it so?' }],
    })
    expect(daemon.received[1]?.headers.authorization).toBe('Bearer k')
  })

  it('asks the named model what is piped in, with the parameters given', async () => {
    await using daemon = await standInDaemon({
      ...listed,
      'POST /mcp/v1/cpu/tiny/chat': streamOf(chatEvents(['ok\n'])),
    })
    const flags = [
      '--system',
      'Be brief.',
      '--temperature',
      '0.5',
      '--max-tokens',
      '9',
      '--seed',
      '7',
      '--url',
      daemon.url,
    ]
    const { code, out } = await runCommand(['chat', 'ollama/tiny', ...flags], { input: 'Why?\n' })
    expect({ code, out }).toEqual({ code: 0, out: 'ok' })
    expect(daemon.received[1]?.body).toEqual({
      stream: true,
      temperature: 0.5,
      max_tokens: 9,
      seed: 7,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Why?\n' },
      ],
    })
  })

  it('prints the answer as one line of JSON, asked for without a stream', async () => {
    await using daemon = await standInDaemon({ ...listed, 'POST /mcp/v1/gpu/tiny/chat': { json: answer } })
    const { code, out } = await runCommand(['chat', 'tiny', 'Why?', '--json', '--url', daemon.url])
    expect({ code, out: JSON.parse(out) as unknown, lines: out.split('\n').length }).toEqual({
      code: 0,
      out: answer,
      lines: 1,
    })
    expect(daemon.received.at(-1)?.body).toEqual({ messages: [{ role: 'user', content: 'Why?' }] })
  })

  it('prints events as lines of JSON, and what broke the stream as the last of them', async () => {
    const events = [
      ...chatEvents(['Hi']).slice(0, 2),
      ['error', problem(502, 'BACKEND_ERROR', 'It broke.')] as const,
    ]
    await using daemon = await standInDaemon({ ...listed, 'POST /mcp/v1/gpu/tiny/chat': streamOf(events) })
    const { code, out } = await runCommand([
      'chat',
      'tiny',
      'Why?',
      '--json',
      '--stream',
      '--url',
      daemon.url,
    ])
    expect(code).toBe(3)
    expect(out.split('\n').map((line) => JSON.parse(line) as unknown)).toEqual([
      { type: 'start', ...served, warnings: [] },
      { type: 'text-delta', index: 0, text: 'Hi' },
      { error: { code: 'BACKEND_ERROR', message: 'It broke.', suggestions: [] } },
    ])
  })

  it('refuses to chat about nothing', async () => {
    const { code, err } = await runCommand(['chat', 'tiny', '--url', 'http://127.0.0.1:1'], { input: ' \n' })
    expect(code).toBe(2)
    expect(err).toContain('The text to send is blank.')
  })

  it('stops at an interrupt with 130, what was written still there', async () => {
    const { promise: cancelled, resolve } = Promise.withResolvers<void>()
    await using daemon = await standInDaemon({
      ...listed,
      'POST /mcp/v1/gpu/tiny/chat': async ({ response, abandoned }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write('event: text-delta\ndata: {"index":0,"text":"It began"}\n\n')
        await abandoned
        resolve()
      },
    })
    const command = startCommand(['chat', 'tiny', 'Why?', '--url', daemon.url])
    command.stdout?.once('data', () => command.kill('SIGINT'))
    const { exitCode, stdout, stderr } = await command
    await cancelled
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 130, stdout: 'It began', stderr: '' })
  })
})
