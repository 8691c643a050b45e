import { describe, expect, it } from 'vitest'
import { touchedUses } from '../../../src/crawler/uses.ts'

const adapters = [
  { adapter: 'openai', uses: ['POST /v1/chat/completions', 'GET /v1/models', 'GET /health'] },
  { adapter: 'ollama', uses: ['POST /api/chat', 'GET /api/tags'] },
]

describe('a change touches an adapter', () => {
  it.each([
    [['POST /v1/chat/completions'], [{ adapter: 'openai', uses: ['POST /v1/chat/completions'] }]],
    [['post /chat/completions'], [{ adapter: 'openai', uses: ['POST /v1/chat/completions'] }]],
    [['POST /gateway/v1/chat/completions/'], [{ adapter: 'openai', uses: ['POST /v1/chat/completions'] }]],
    [
      ['GET /api/tags', 'GET /health'],
      [
        { adapter: 'openai', uses: ['GET /health'] },
        { adapter: 'ollama', uses: ['GET /api/tags'] },
      ],
    ],
  ])('%j', (operations, touched) => {
    expect(touchedUses(operations, adapters)).toEqual(touched)
  })

  it.each(['GET /v1/chat/completions', 'POST /chat', 'GET /v2/health', 'GET /tags', 'POST /v1/embeddings'])(
    'not by %s',
    (operation) => {
      expect(touchedUses([operation], adapters)).toEqual([])
    },
  )
})
