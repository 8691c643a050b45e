import { parse } from 'yaml'
import { describe, expect, it } from 'vitest'
import { discoveredDraft } from '../../../../src/cli/init/discovered-draft.ts'
import { renderDraft } from '../../../../src/cli/init/draft.ts'
import { runtimes } from '../../../../src/discovery/runtimes.ts'

const found = (name: string, url: string, version = '') => ({
  runtime: runtimes.find((runtime) => runtime.name === name)!,
  url,
  version,
})

describe('discoveredDraft', () => {
  it('serves what was found, each under a name of its own', () => {
    const text = renderDraft(
      discoveredDraft(
        [
          found('ollama', 'http://127.0.0.1:11434', '0.20.0'),
          found('vllm', 'http://127.0.0.1:8000/v1'),
          found('vllm', 'http://127.0.0.1:8080/v1'),
        ],
        ['openai', 'ollama', 'embedded'],
      ),
    )
    expect(parse(text)).toEqual({
      backends: [
        { name: 'ollama', adapter: 'ollama', url: 'http://127.0.0.1:11434' },
        { name: 'vllm', adapter: 'openai', url: 'http://127.0.0.1:8000/v1' },
        { name: 'vllm-2', adapter: 'openai', url: 'http://127.0.0.1:8080/v1' },
      ],
    })
    expect(text).toContain('# Ollama 0.20.0, found on this machine.')
    expect(text).toContain('# LM Studio')
    expect(text).not.toContain('# vLLM, with a key')
  })

  it('only mentions what mcpd has no adapter for', () => {
    const text = renderDraft(discoveredDraft([found('triton', 'http://127.0.0.1:8000', '2.60')], ['openai']))
    expect(parse(text)).toBeNull()
    expect(text).toContain(
      '# Triton 2.60 was found at http://127.0.0.1:8000; mcpd has no adapter for it yet.',
    )
  })

  it('has examples of everything where nothing was found or nobody looked', () => {
    const [none, unlooked] = [[], undefined].map((runtimes) =>
      renderDraft(discoveredDraft(runtimes, ['openai', 'ollama'])),
    )
    for (const text of [none, unlooked]) {
      expect(parse(text!)).toBeNull()
      expect(text).toContain('#   adapter: ollama')
      expect(text).toContain('#   apiKey: ${env:VLLM_API_KEY}')
    }
    expect(none).toContain('Not found on this machine.')
    expect(unlooked).not.toContain('Not found on this machine.')
  })
})
