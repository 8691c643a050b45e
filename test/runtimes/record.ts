import { mkdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { startFastChat } from './fastchat-servers.ts'
import { startMlServer, startTriton, tritonHeaders } from './kserve-servers.ts'
import { startLlamaCpp } from './llama-cpp-server.ts'

/** Asks the real runtimes what the tests want to know and writes down what they say: fixtures/streams/{runtime}. */

interface Ask {
  readonly method?: string
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const date = new Date().toISOString().slice(0, 10)

const ask = async (url: string, { method = 'POST', path, body, headers = {} }: Ask) => {
  const response = await fetch(url + path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return {
    status: response.status,
    contentType: response.headers.get('content-type') ?? '',
    body: await response.text(),
  }
}

/** Where things lie and listen on the machine that recorded is nobody's business. */
const scrub = (text: string): string =>
  text
    .replaceAll(homedir(), '/home')
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, 'http://127.0.0.1:1')
    .replaceAll(/(?<![\w/])\/[^\s"\\]*\/(?=\w+\.py)/g, '')
    .replaceAll(/\/(tmp|home)\/[^\s"\\]*/g, '/$1')

const record = async (folder: string, version: string, url: string, asks: Readonly<Record<string, Ask>>) => {
  const place = new URL(`../../fixtures/streams/${folder}/`, import.meta.url)
  await mkdir(place, { recursive: true })
  for (const [name, asked] of Object.entries(asks)) {
    const { method = 'POST', path, body } = asked
    const request = { method, path, ...(body !== undefined && { body }) }
    const exchange = { recorded: `${version}, ${date}`, request, response: await ask(url, asked) }
    await writeFile(new URL(`${name}.json`, place), `${scrub(JSON.stringify(exchange, null, 2))}\n`)
  }
}

const messages = [{ role: 'user', content: 'Hello there, you.' }]
const text = (value: string) => [{ name: 'text_input', datatype: 'BYTES', shape: [1], data: [value] }]

const fastchat = await startFastChat()
await record('fastchat', 'FastChat 0.2.36', fastchat.controllerUrl, {
  'controller-models': { path: '/list_models' },
  'controller-address': { path: '/get_worker_address', body: { model: 'words' } },
  'controller-no-address': { path: '/get_worker_address', body: { model: 'nope' } },
})
await record('fastchat', 'FastChat 0.2.36', fastchat.workerUrl, {
  'worker-stream': {
    path: '/worker_generate_stream',
    body: { model: 'words', prompt: 'Once', max_new_tokens: 3 },
  },
  'worker-error': { path: '/worker_generate_stream', body: { model: 'words', prompt: 'please break' } },
  'worker-template': { path: '/worker_get_conv_template', body: { model: 'words' } },
})
await record('fastchat', 'FastChat 0.2.36', fastchat.apiUrl, {
  'api-chat-stream': { path: '/v1/chat/completions', body: { model: 'words', messages, stream: true } },
  'api-chat-whole': { path: '/v1/chat/completions', body: { model: 'words', messages } },
  'api-no-model': { path: '/v1/chat/completions', body: { model: 'nope', messages } },
  'api-range': { path: '/v1/chat/completions', body: { model: 'words', messages, max_tokens: -1 } },
  'api-error': { path: '/v1/completions', body: { model: 'words', prompt: 'please break', stream: true } },
})
await fastchat.close()

const triton = await startTriton()
await record('triton', 'PyTriton 0.7.0', triton.url, {
  'generate-stream': {
    path: '/v2/models/words/generate_stream',
    body: { text_input: 'words 3', stream: true },
  },
  'generate-whole': { path: '/v2/models/whole/generate', body: { text_input: 'words 3' } },
  'generate-error': {
    path: '/v2/models/words/generate_stream',
    body: { text_input: 'please break', stream: true },
  },
  config: { method: 'GET', path: '/v2/models/words/config' },
  index: { path: '/v2/repository/index', body: {}, headers: tritonHeaders },
  restricted: { path: '/v2/repository/index', body: {} },
  'no-model': { path: '/v2/models/nope/generate', body: { text_input: 'a' } },
  'wrong-shape': {
    path: '/v2/models/double/infer',
    body: { inputs: [{ name: 'numbers', datatype: 'FP32', shape: [3], data: [1, 2, 3] }] },
  },
})
await triton.close()

const mlserver = await startMlServer()
await record('mlserver', 'MLServer 1.7.1', mlserver.url, {
  metadata: { method: 'GET', path: '/v2/models/words' },
  index: { path: '/v2/repository/index', body: {} },
  infer: { path: '/v2/models/words/infer', body: { inputs: text('words 3') } },
  'infer-stream': { path: '/v2/models/words/infer_stream', body: { inputs: text('words 2') } },
  invalid: { path: '/v2/models/words/generate', body: { text_input: 'a' } },
  'no-model': { path: '/v2/models/nope/infer', body: { inputs: text('a') } },
})
await mlserver.close()

const llama = await startLlamaCpp()
const steady = { temperature: 0, max_tokens: 6 }
await record('llama-cpp-python', 'llama-cpp-python 0.3.36', llama.url, {
  'chat-stream': { path: '/v1/chat/completions', body: { model: 'demo', messages, ...steady, stream: true } },
  'chat-whole': { path: '/v1/chat/completions', body: { model: 'demo', messages, ...steady } },
  'complete-whole': { path: '/v1/completions', body: { model: 'demo', prompt: 'Once', ...steady } },
  invalid: { path: '/v1/chat/completions', body: { model: 'demo' } },
})
await llama.close()
