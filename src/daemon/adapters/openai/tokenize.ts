import { McpdError } from '../../../core/errors.ts'
import type { InferenceResponse, Message, TokenizeInput } from '../../../core/inference.ts'
import { encodeMessages } from '../../../dialects/openai/request-encoder.ts'
import { isRecord, numberOf, textOf, type Wire } from '../../../dialects/wire.ts'
import { isOk, readObject, refusal, type Server } from './server.ts'

/**
 * Tokens by POST /tokenize, which is no OpenAI route: vLLM and llama.cpp have it beside the API. One body serves
 * both, for each ignores the members of the other: vLLM reads `prompt` or `messages`, llama.cpp `content`.
 * Throws OPERATION_UNSUPPORTED where there is no such route.
 */
export const tokenize = async (
  server: Server,
  model: string,
  { text, messages }: TokenizeInput,
  signal: AbortSignal,
): Promise<InferenceResponse> => {
  const ask = (body: object): Promise<Wire> =>
    send(server, '/tokenize', { model, add_special: true, parse_special: true, ...body }, signal)
  let answer = await ask(messages ? { messages: encodeMessages(messages) } : { prompt: text, content: text })
  // Only vLLM counts. llama.cpp has a route of its own for what its template makes of messages.
  if (messages && answer['count'] === undefined)
    answer = await ask({ content: await applyTemplate(server, messages, signal) })
  const contextLength = numberOf(answer['max_model_len'])
  return {
    model,
    choices: [],
    tokens: tokensOf(answer),
    ...(contextLength !== undefined && { contextLength }),
  }
}

const applyTemplate = async (
  server: Server,
  messages: readonly Message[],
  signal: AbortSignal,
): Promise<string> => {
  const { prompt } = await send(server, '/apply-template', { messages: encodeMessages(messages) }, signal)
  return textOf(prompt) ?? ''
}

const send = async (server: Server, path: string, body: object, signal: AbortSignal): Promise<Wire> => {
  const response = await server.root.post(path, JSON.stringify(body), signal)
  if (isOk(response)) return readObject(response)
  const error = await refusal(response)
  if (response.status !== 404 && error.code !== 'OPERATION_UNSUPPORTED') throw error
  if (error.code === 'MODEL_NOT_FOUND') throw error
  throw new McpdError('OPERATION_UNSUPPORTED', `The backend has no POST ${path}, so it cannot tokenize.`)
}

const tokensOf = ({ tokens }: Wire): number[] => {
  const ids = Array.isArray(tokens)
    ? tokens.map((token: unknown) => numberOf(isRecord(token) ? token['id'] : token))
    : [undefined]
  if (ids.includes(undefined))
    throw new McpdError('BACKEND_ERROR', 'The backend’s tokens are no list of numbers.')
  return ids as number[]
}
