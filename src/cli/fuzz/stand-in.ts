import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type {
  ChatInput,
  Choice,
  CompleteInput,
  InferenceEvent,
  InferenceResponse,
} from '../../core/inference.ts'
import { decodeChat, decodeComplete, decodeEmbed, wantsUsage } from '../../dialects/openai/request.ts'
import { decodeRerank, encodeRanking } from '../../dialects/openai/rerank.ts'
import { encodeResponse } from '../../dialects/openai/response.ts'
import { streamEncoder } from '../../dialects/openai/stream-encoder.ts'
import type { Wire } from '../../dialects/wire.ts'

/** A backend of the OpenAI API that takes whatever the API allows, so that what is refused mcpd refuses itself. */
export interface StandIn {
  readonly url: string
  close(): Promise<void>
}

const name = 'stand-in'
const words = ['The', ' sky', ' is', ' blue', ' today', '.']
/** Longest vectors, of a model that was not asked for a length. */
const dimensionsDefault = 8

export const startStandIn = async (): Promise<StandIn> => {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const route = `${request.method} ${request.url?.replace(/^\/v1(?=\/)|\?.*$/g, '')}`
  const json = (body: object, status = 200): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  if (route === 'GET /models') return json({ object: 'list', data: [{ id: name, object: 'model' }] })
  const body = await readBody(request)
  switch (route) {
    case 'POST /chat/completions':
      return body['stream'] === true ? stream(response, 'chat', body) : json(whole('chat', body))
    case 'POST /completions':
      return body['stream'] === true ? stream(response, 'complete', body) : json(whole('complete', body))
    case 'POST /embeddings':
      return json(vectors(body))
    case 'POST /rerank':
      return json(ranking(body))
    case 'POST /tokenize':
      return json({ count: words.length, tokens: words.map((_, at) => at) })
    default:
      return json({ error: { message: 'Not found.', type: 'invalid_request_error' } }, 404)
  }
}

/** mcpd bounds what it sends on. */
const readBody = async (request: IncomingMessage): Promise<Wire> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as Wire)
}

type Operation = 'chat' | 'complete'

const label = { id: 'stand-in-1', model: name, createdSeconds: 0 }

/** The same words for every choice, as many as were asked for. */
const responseTo = (input: ChatInput | CompleteInput): InferenceResponse => {
  const prompts = input.operation === 'complete' ? input.prompts.length : 1
  const said = words.slice(0, input.sampling.maxTokens)
  const count = prompts * (input.choices ?? 1)
  const choices = Array.from({ length: count }, (_, index): Choice => ({
    index,
    text: said.join(''),
    finishReason: said.length < words.length ? 'length' : 'stop',
  }))
  return { model: name, choices, usage: { inputTokens: prompts, outputTokens: said.length * count } }
}

const inputOf = (operation: Operation, body: Wire): ChatInput | CompleteInput =>
  operation === 'chat' ? decodeChat(body) : decodeComplete(body)

const whole = (operation: Operation, body: Wire): object =>
  encodeResponse(operation, responseTo(inputOf(operation, body)), label)

const stream = (response: ServerResponse, operation: Operation, body: Wire): void => {
  const encoder = streamEncoder({ operation, includeUsage: wantsUsage(body), ...label })
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of eventsOf(responseTo(inputOf(operation, body)))) {
    const bytes = encoder.encode(event)
    if (bytes) response.write(bytes)
  }
  response.end()
}

const eventsOf = ({ choices, usage }: InferenceResponse): readonly InferenceEvent[] => [
  { type: 'start', model: name, id: label.id },
  ...choices.map(({ index, text }): InferenceEvent => ({ type: 'text-delta', index, text: text ?? '' })),
  ...choices.map(({ index, finishReason }): InferenceEvent => ({
    type: 'finish',
    index,
    reason: finishReason,
  })),
  ...(usage ? [{ type: 'usage', usage } as const] : []),
  { type: 'end' },
]

const vectors = (body: Wire): object => {
  const { inputs, dimensions = dimensionsDefault } = decodeEmbed(body)
  const embeddings = inputs.map(() => Array.from({ length: dimensions }, (_, at) => (at === 0 ? 1 : 0)))
  const encodingFormat = body['encoding_format'] === 'base64' ? 'base64' : 'float'
  const usage = { inputTokens: inputs.length, outputTokens: 0 }
  return encodeResponse(
    'embed',
    { model: name, choices: [], embeddings, usage },
    { ...label, encodingFormat },
  )
}

const ranking = (body: Wire): object => {
  const { documents, topN } = decodeRerank(body)
  const ranked = documents.map((_, index) => ({ index, score: 1 / (index + 1) }))
  return encodeRanking({ model: name, choices: [], ranking: ranked.slice(0, topN) }, { ...label, documents })
}
