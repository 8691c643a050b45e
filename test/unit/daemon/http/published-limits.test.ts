import { expect, it, onTestFinished } from 'vitest'
import { startOpenAiStandIn } from '../../../../fixtures/openai-stand-in.ts'
import { startTestDaemon } from '../../../harness/daemon.ts'

const start = async () => {
  const backend = await startOpenAiStandIn()
  onTestFinished(() => backend.close())
  const daemon = await startTestDaemon(`backends: [{ name: one, adapter: openai, url: '${backend.url}' }]\n`)
  onTestFinished(() => daemon.close())
  return (path: string, body: unknown) =>
    daemon.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
}

it('what may be said of a context is what the document says', async () => {
  const post = await start()
  const rocket = String.fromCodePoint(0x1_f6_80)
  const said = {
    title: rocket.repeat(200),
    tags: Array.from({ length: 32 }, (_, at) => `${at}${rocket.repeat(62)}`),
  }
  expect((await post('/mcp/v1/contexts', said)).status).toBe(201)
  expect((await post('/mcp/v1/contexts', { title: rocket.repeat(201) })).status).toBe(400)
})

it('warnings about many things do not fill the headers', async () => {
  const post = await start()
  const tools = Array.from({ length: 500 }, (_, at) => ({
    type: `server_tool_${at}_${'x'.repeat(300)}`,
    name: `t${at}`,
  }))
  const answer = await post('/v1/messages', {
    model: 'stand-in',
    max_tokens: 4,
    messages: [{ role: 'user', content: 'Hi' }],
    tools,
  })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('x-mcpd-warnings')?.length).toBeLessThan(4000)
})
