import { describe, expect, it } from 'vitest'
import { startOllamaStandIn } from '../../../fixtures/ollama-stand-in.ts'
import { startOpenAiStandIn } from '../../../fixtures/openai-stand-in.ts'
import { createAdapterMetrics } from '../../../src/daemon/adapter-metrics.ts'
import { parseMetrics } from '../../../src/daemon/adapters/openai/metrics.ts'
import { Registry } from '../../../src/daemon/registry.ts'
import { fakeBackend } from '../../harness/backend.ts'
import { startTestDaemon } from '../../harness/daemon.ts'

const withMetrics = async (name: string, metrics: () => Promise<Record<string, number>>) => {
  const backend = await fakeBackend({ name })
  return { ...backend, adapter: { ...backend.adapter, metrics } }
}

describe('createAdapterMetrics', () => {
  it('asks again only when what it heard is old', async () => {
    let asked = 0
    let now = 0
    const backend = await withMetrics('a', async () => ({ asked: (asked += 1) }))
    const metrics = createAdapterMetrics(new Registry([backend], []), () => now)
    await Promise.all([metrics.refresh(), metrics.refresh()])
    expect([...metrics.read()]).toEqual([[{ backend: 'a', adapter: 'openai', name: 'asked' }, 1]])
    now = 4999
    await metrics.refresh()
    expect(asked).toBe(1)
    now = 5001
    await metrics.refresh()
    expect([...metrics.read()]).toEqual([[expect.anything(), 2]])
  })

  it('waits for a silent backend no longer than a second, and leaves out one that fails', async () => {
    const silent = await withMetrics('silent', () => new Promise(() => undefined))
    const broken = await withMetrics('broken', () => Promise.reject(new Error('no')))
    const good = await withMetrics('good', async () => ({ load: 0.5 }))
    const metrics = createAdapterMetrics(new Registry([silent, broken, good], []), () => 0)
    await metrics.refresh()
    expect([...metrics.read()].map(([{ backend }]) => backend)).toEqual(['good'])
  })
})

describe('parseMetrics', () => {
  it('adds up numbers, takes the highest ratio, and knows nothing else', () => {
    expect(
      parseMetrics(
        'vllm:num_requests_waiting{a="}"} 2\nvllm:num_requests_waiting 3\nsglang:token_usage 0.5\nsglang:token_usage{x="1"} 0.25\nother 7\n# nothing\nvllm:num_requests_running NaN\n',
      ),
    ).toEqual({ requests_waiting: 5, kv_cache_ratio: 0.5 })
  })
})

describe('/metrics', () => {
  it('has what vLLM and Ollama say of themselves', async () => {
    const openai = await startOpenAiStandIn()
    const ollama = await startOllamaStandIn()
    const daemon = await startTestDaemon(
      `backends: [{ name: v, adapter: openai, url: "${openai.url}" }, { name: o, adapter: ollama, url: "${ollama.url}" }]`,
    )
    try {
      const page = await (await daemon.fetch('/metrics')).text()
      expect(page).toContain('mcpd_adapter_metric{backend="v",adapter="openai",name="requests_running"} 3')
      expect(page).toContain('mcpd_adapter_metric{backend="v",adapter="openai",name="kv_cache_ratio"} 0.5')
      expect(page).toContain('mcpd_adapter_metric{backend="o",adapter="ollama",name="models_loaded"} 0')
    } finally {
      await daemon.close()
      await Promise.all([openai.close(), ollama.close()])
    }
  })

  it('GET /mcp/v1/models tells capabilities, streaming, and the limits of embeddings', async () => {
    const openai = await startOpenAiStandIn()
    const model =
      '{ name: stand-in, operations: [chat, embed], embeddingDimensions: 8, embeddingBatchMax: 2, capabilities: [tools, structured-output] }'
    const daemon = await startTestDaemon(
      `backends: [{ name: v, adapter: openai, url: "${openai.url}", models: [${model}] }]`,
    )
    try {
      expect(await (await daemon.fetch('/mcp/v1/models')).json()).toMatchObject({
        models: [
          {
            streaming: true,
            capabilities: ['tools', 'structured-output'],
            embeddingDimensions: 8,
            embeddingBatchMax: 2,
          },
        ],
      })
      const answer = await daemon.fetch('/v1/embeddings', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"model":"stand-in","input":["a","b","c"]}',
      })
      expect([answer.status, await answer.text()]).toEqual([
        400,
        expect.stringContaining('embeds 2 inputs at a time, not 3') as string,
      ])
      expect(openai.requests.filter(({ method }) => method === 'POST')).toEqual([])
    } finally {
      await daemon.close()
      await openai.close()
    }
  })
})
