import { expect, it, onTestFinished } from 'vitest'
import { startOpenAiStandIn } from '../../../../fixtures/openai-stand-in.ts'
import { startTestDaemon } from '../../../harness/daemon.ts'

it('an id of any length stays with its own route, and is not passed on to a backend', async () => {
  const backend = await startOpenAiStandIn()
  onTestFinished(() => backend.close())
  const daemon = await startTestDaemon(`backends: [{ name: one, adapter: openai, url: '${backend.url}' }]\n`)
  onTestFinished(() => daemon.close())
  const id = 'a'.repeat(8000)
  const answer = await daemon.fetch(`/v1/conversations/${id}`)
  expect([answer.status, await answer.json()]).toMatchObject([
    400,
    { error: { message: expect.any(String) as string } },
  ])
  expect(backend.requests.filter(({ path }) => path.includes(id))).toEqual([])
})
