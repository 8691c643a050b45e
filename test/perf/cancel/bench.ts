import { writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startOllamaStandIn } from '../../../fixtures/ollama-stand-in.ts'
import { startOpenAiStandIn } from '../../../fixtures/openai-stand-in.ts'
import { startTestDaemon } from '../../harness/daemon.ts'
import { root } from '../gateway/mcpd.ts'
import { machine } from '../gateway/result.ts'
import { percentile } from '../gateway/statistics.ts'

/**
 * How long it takes until a backend sees that a client has gone away: from the client's socket being destroyed to the
 * backend's connection being closed. Client, daemon and backends share one event loop here, which makes it longer.
 * `npm run bench:cancel -- [--times N] [--write]`
 */
const { values: flags } = parseArgs({
  options: { times: { type: 'string', default: '100' }, write: { type: 'boolean', default: false } },
})
const times = Number(flags.times)
const seenMaxMs = 10_000

const slow = { tokens: 10_000, firstDelayMs: 5, tokenDelayMs: 5 }
const openai = await startOpenAiStandIn({ models: ['m'], ...slow })
const ollama = await startOllamaStandIn({ ...slow })
const mcpd = await startTestDaemon(`backends:
  - { name: openai, adapter: openai, url: "${openai.url}" }
  - { name: ollama, adapter: ollama, url: "${ollama.url}" }
groups:
  - { name: openai-group, targets: [openai/m] }
  - { name: ollama-group, targets: ["ollama/stand-in:latest"] }
`)

const cells = ['openai', 'ollama'].flatMap((adapter) =>
  ['alone', 'group'].flatMap((place) => ['stream', 'whole'].map((form) => ({ adapter, place, form }))),
)

const cancelled = async ({ adapter, place, form }: (typeof cells)[number]): Promise<number> => {
  const backend = adapter === 'openai' ? openai : ollama
  const model =
    place === 'group' ? `${adapter}-group` : adapter === 'openai' ? 'openai/m' : 'ollama/stand-in:latest'
  const client = request(`${mcpd.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  })
  client.on('error', () => undefined)
  const before = backend.requests.length
  client.end(
    JSON.stringify({ model, stream: form === 'stream', messages: [{ role: 'user', content: 'go on' }] }),
  )
  if (form === 'stream') {
    const [response] = (await once(client, 'response')) as [NodeJS.ReadableStream]
    await once(response, 'data')
  }
  const limitMs = performance.now() + seenMaxMs
  while (backend.requests.length === before) await sleep(1)
  const received = backend.requests.at(-1)!
  if (form === 'whole') await sleep(20)
  const goneMs = performance.now()
  client.destroy()
  while (received.closedEarlyMs === undefined) {
    if (performance.now() > limitMs) throw new Error(`${adapter} ${place} ${form}: the backend never saw it.`)
    await sleep(1)
  }
  return received.closedEarlyMs - goneMs
}

const rows: string[] = []
for (const cell of cells) {
  const each: number[] = []
  for (let count = 0; count < times; count += 1) each.push(await cancelled(cell))
  each.sort((left, right) => left - right)
  const figures = [percentile(each, 0.5), percentile(each, 0.99), each.at(-1)!].map((ms) => ms.toFixed(2))
  rows.push(`| ${cell.adapter} | ${cell.place} | ${cell.form} | ${figures.join(' | ')} |`)
}
await mcpd.close()
await Promise.all([openai.close(), ollama.close()])

const page = `# Cancellation

\`npm run bench:cancel -- --times ${times}\`, ${new Date().toISOString().slice(0, 10)}. ${machine()}, Node ${process.versions.node}. Milliseconds from a client's socket being destroyed to the backend's connection being closed; client, daemon and backends in one process. Goal: under 100 ms in every cell.

| adapter | target | answer | p50 | p99 | max |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`
process.stdout.write(page)
if (flags.write) await writeFile(join(root, 'docs/results/cancel.md'), page)
