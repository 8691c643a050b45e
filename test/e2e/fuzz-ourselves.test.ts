import { expect, it, onTestFinished } from 'vitest'
import { startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { settingsOf } from '../../src/cli/fuzz/settings-of.ts'
import { destructiveReason } from '../../src/fuzz/destructive.ts'
import { runFuzz } from '../../src/fuzz/run.ts'
import { loadDocument } from '../../src/openapi/load.ts'
import { openSpec } from '../../src/openapi/spec.ts'
import { startTestDaemon } from '../harness/daemon.ts'

/** Findings that stay, `operation check`, and why. */
const declined: Readonly<Record<string, string>> = {}

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
  expect(coverage.totals.succeeded).toBeGreaterThan(0)
})
