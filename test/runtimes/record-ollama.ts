import { mkdir, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { Command } from 'commander'
import { startOllama, type OllamaServer } from './ollama-server.ts'

/** Asks a real Ollama what the tests want to know and writes down what it says: fixtures/streams/ollama. */

const [release = ''] = new Command('record-ollama')
  .description('Records fixtures/streams/ollama from the Ollama at $MCPD_OLLAMA or in the cache.')
  .argument('<release>', 'what the Ollama is, such as v0.20.0: built from source, it does not know')
  .parse().args

const folder = new URL('../../fixtures/streams/ollama/', import.meta.url)
const recorded = `ollama ${release}, ${new Date().toISOString().slice(0, 10)}`

interface Ask {
  readonly method?: string
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Called with the first bytes of the answer. */
  readonly onFirst?: () => void
}

const ask = (url: string, { method = 'POST', path, body, headers = {}, onFirst }: Ask) =>
  new Promise<{ status: number; contentType: string; body: string }>((resolve, reject) => {
    const outgoing = request(url + path, { method, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => {
        if (chunks.length === 0) onFirst?.()
        chunks.push(chunk)
      })
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          contentType: response.headers['content-type'] ?? '',
          body: Buffer.concat(chunks).toString(),
        }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
  })

const say = { messages: [{ role: 'user', content: 'Hello' }] }
const steady = { temperature: 0, seed: 1, num_predict: 24 }
const weather = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather in a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}
/** The model cannot help calling: nothing else fits. */
const call = {
  type: 'object',
  properties: {
    name: { const: 'weather' },
    parameters: {
      type: 'object',
      properties: { city: { const: 'Basel' } },
      required: ['city'],
      additionalProperties: false,
    },
  },
  required: ['name', 'parameters'],
  additionalProperties: false,
}
const calling = {
  model: 'demo-tools',
  ...say,
  tools: [weather],
  format: call,
  think: false,
  options: { temperature: 0 },
}
const long = { type: 'array', items: { type: 'boolean' }, minItems: 1000 }

const both = (name: string, path: string, body: object): [string, Ask][] => [
  [`${name}-stream`, { path, body }],
  [`${name}-whole`, { path, body: { ...body, stream: false } }],
]

const exchanges = ({ killRunners }: OllamaServer): [string, Ask][] => [
  ['ps-empty', { method: 'GET', path: '/api/ps' }],
  ...both('chat', '/api/chat', { model: 'demo', ...say, options: steady }),
  ...both('chat-logprobs', '/api/chat', {
    model: 'demo',
    ...say,
    logprobs: true,
    top_logprobs: 2,
    options: { ...steady, num_predict: 3 },
  }),
  ...both('chat-tools', '/api/chat', calling),
  ...both('chat-thinking', '/api/chat', { model: 'demo-think', ...say, think: true, options: steady }),
  ...both('generate', '/api/generate', { model: 'demo', prompt: 'Hello', options: steady }),
  ...both('generate-raw', '/api/generate', {
    model: 'demo',
    prompt: 'Hello',
    raw: true,
    options: { ...steady, num_predict: 3 },
  }),
  ['chat-load', { path: '/api/chat', body: { model: 'demo' } }],
  ['generate-load', { path: '/api/generate', body: { model: 'demo' } }],
  ['embed', { path: '/api/embed', body: { model: 'demo-embed', input: ['a model', 'a context'] } }],
  ['embed-nothing', { path: '/api/embed', body: { model: 'demo-embed', input: [] } }],
  ['embeddings-nothing', { path: '/api/embeddings', body: { model: 'demo-embed', prompt: '' } }],
  ['tags', { method: 'GET', path: '/api/tags' }],
  ['ps', { method: 'GET', path: '/api/ps' }],
  ['show', { path: '/api/show', body: { model: 'demo' } }],
  ['version', { method: 'GET', path: '/api/version' }],
  ['pull-unreachable', { path: '/api/pull', body: { model: 'localhost:1/mcpd/none' } }],
  ['error-no-model', { path: '/api/chat', body: { model: 'nope', ...say } }],
  ['error-no-model-embed', { path: '/api/embed', body: { model: 'nope', input: 'a' } }],
  ['error-no-body', { path: '/api/chat' }],
  ['error-no-tools', { path: '/api/chat', body: { model: 'demo', ...say, tools: [weather] } }],
  ['error-no-thinking', { path: '/api/chat', body: { model: 'demo', ...say, think: true } }],
  ['error-no-generate', { path: '/api/generate', body: { model: 'demo-embed', prompt: 'a' } }],
  ['error-option', { path: '/api/chat', body: { model: 'demo', ...say, options: { num_predict: '3' } } }],
  ['error-format', { path: '/api/chat', body: { model: 'demo', ...say, format: 'xml' } }],
  ['error-schema', { path: '/api/chat', body: { model: 'demo', ...say, format: { type: 'nonsense' } } }],
  ['error-empty-input', { path: '/api/embed', body: { model: 'demo-embed', input: [''] } }],
  ['error-name', { path: '/api/chat', body: { model: '../demo', ...say } }],
  ['error-host', { method: 'GET', path: '/api/tags', headers: { host: 'ollama.example' } }],
  ['error-no-route', { path: '/api/none', body: {} }],
  [
    'error-mid-stream',
    { path: '/api/chat', body: { model: 'demo', ...say, format: long }, onFirst: killRunners },
  ],
  ['unload', { path: '/api/generate', body: { model: 'demo', keep_alive: 0 } }],
]

await mkdir(folder, { recursive: true })
const server = await startOllama()
try {
  for (const [name, asked] of exchanges(server)) {
    const response = await ask(server.url, asked)
    const { method = 'POST', path, body } = asked
    const exchange = { recorded, request: { method, path, ...(body !== undefined && { body }) }, response }
    // Where the model lies on the machine that recorded is nobody's business.
    const text = JSON.stringify(exchange, null, 2).replaceAll(/[^\s"\\]*\/blobs\//g, '/models/blobs/')
    await writeFile(new URL(`${name}.json`, folder), `${text}\n`)
  }
} finally {
  await server.close()
}
