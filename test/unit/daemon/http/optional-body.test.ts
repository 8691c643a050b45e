import { expect, it, onTestFinished } from 'vitest'
import { startTestDaemon } from '../../../harness/daemon.ts'

it('the document says which bodies may be left out, and they may', async () => {
  const daemon = await startTestDaemon('backends: []\n')
  onTestFinished(() => daemon.close())
  const { paths } = (await (await fetch(`${daemon.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { requestBody?: { required: boolean } }>>
  }
  const optional = Object.entries(paths).flatMap(([path, methods]) =>
    Object.values(methods).some(({ requestBody }) => requestBody?.required === false) ? [path] : [],
  )
  expect(optional).toContain('/v1/conversations')
  expect(optional).not.toContain('/v1/chat/completions')
  expect(JSON.stringify(paths)).not.toContain('x-body-optional')
  expect((await daemon.fetch('/v1/conversations', { method: 'POST' })).status).toBe(200)
  const headers = { 'content-type': 'application/json' }
  expect((await daemon.fetch('/v1/conversations', { method: 'POST', headers, body: 'null' })).status).toBe(
    400,
  )
  expect((await daemon.fetch('/v2/repository/index', { method: 'POST' })).status).toBe(200)
})
