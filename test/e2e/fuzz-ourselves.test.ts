import { expect, it, onTestFinished } from 'vitest'
import { startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { settingsOf } from '../../src/cli/fuzz/settings-of.ts'
import { destructiveReason } from '../../src/fuzz/destructive.ts'
import { runFuzz } from '../../src/fuzz/run.ts'
import { loadDocument } from '../../src/openapi/load.ts'
import { openSpec } from '../../src/openapi/spec.ts'
import { startTestDaemon } from '../harness/daemon.ts'

const refused = 'positive_data_acceptance'
const crashed = 'not_a_server_error'
const messages =
  'the document gives the types of messages, tools and items; what their kinds need is said by the refusal'
const together = 'members that only go together, or not together, which the document says in words'
const large = 'the stand-in makes a million dimensions, and its answer is larger than what mcpd reads'

/** Findings that stay, `operation check`, and why. */
const declined: Readonly<Record<string, string>> = {
  [`POST /v1/chat/completions ${refused}`]: messages,
  [`POST /v1/messages ${refused}`]: messages,
  [`POST /v1/messages/count_tokens ${refused}`]: messages,
  [`POST /v1/responses ${refused}`]: messages,
  [`POST /v1/conversations ${refused}`]: messages,
  [`POST /v1/conversations/{conversation_id}/items ${refused}`]: messages,
  [`POST /api/chat ${refused}`]: messages,
  [`POST /mcp/v1/contexts ${refused}`]: messages,
  [`POST /mcp/v1/contexts/{context}/turns ${refused}`]: messages,
  [`POST /mcp/v1/{adapter}/{model}/chat ${refused}`]: messages,
  [`POST /mcp/v1/{adapter}/{model}/complete ${refused}`]: together,
  [`POST /mcp/v1/{adapter}/{model}/embed ${refused}`]: together,
  [`POST /mcp/v1/{adapter}/{model}/rerank ${refused}`]: together,
  [`POST /mcp/v1/{adapter}/{model}/tokenize ${refused}`]: together,
  [`GET /mcp/v1/contexts/{context} ${refused}`]: together,
  [`GET /mcp/v1/contexts/{context}/prune ${refused}`]: 'a budget too small for what has to stay',
  [`POST /v1/embeddings ${crashed}`]: large,
  [`POST /api/embed ${crashed}`]: large,
  [`POST /api/embeddings ${crashed}`]: large,
  [`POST /mcp/v1/{adapter}/{model}/embed ${crashed}`]: large,
  'POST /v1/chat/completions token_cost': 'the stand-in thinks beyond the limit it was given',
}

it('keeps to its own document, whatever is sent', async () => {
  const backend = await startOpenAiStandIn({ tokens: 4 })
  onTestFinished(() => backend.close())
  const daemon = await startTestDaemon(
    `backends: [{ name: stand-in, adapter: openai, url: '${backend.url}' }]\n`,
  )
  onTestFinished(() => daemon.close())
  const raw = Buffer.from(await (await fetch(`${daemon.url}/openapi.json`)).arrayBuffer())
  const { findings, coverage, requests } = await runFuzz({
    spec: openSpec(loadDocument(raw, 'openapi.json')),
    settings: await settingsOf({ time: '8s', seed: 1, 'max-examples': 5 }, new URL(daemon.url), {}),
    leaveOut: destructiveReason,
    signal: new AbortController().signal,
  })
  const told = findings.map(({ operation, check, message, curl }) => ({
    name: `${operation} ${check}`,
    message,
    curl,
  }))
  expect(told.filter(({ name }) => !(name in declined))).toEqual([])
  expect(requests).toBeGreaterThan(coverage.totals.operations)
  expect(coverage.totals.succeeded).toBeGreaterThan(20)
})
