import type { Model } from '../../../core/adapter.ts'
import { McpdError } from '../../../core/errors.ts'
import { unfold } from '../../../core/fold.ts'
import type { InferenceEvent, InferenceRequest, TokenizeInput } from '../../../core/inference.ts'
import { encodeChat, encodeComplete, encodeEmbed } from '../../../dialects/fastchat/api-request.ts'
import { openaiPaths, wholeOf } from '../../../dialects/openai/exchange.ts'
import { decodeStream } from '../../../dialects/openai/stream-decoder.ts'
import { isRecord, numberOf } from '../../../dialects/wire.ts'
import { parseJson, requireObject } from '../../adapter-server.ts'
import { healthBy, type Kind, modelsOf, type Place } from './kind.ts'

/**
 * How long a list holds, in ms: for each the controller forgets its workers and asks them all anew, and requests of
 * that time may find none.
 */
const listHoldsMs = 60_000

/** The API server: the dialect of OpenAI, less what it does not know, with errors of its own. */
export const createApi = (place: Place): Kind => {
  const { server } = place
  let listed: { readonly models: readonly Model[]; readonly atMs: number } | undefined

  return {
    infer: (request) => infer(place, request),
    models: async (signal) => {
      if (listed && performance.now() - listed.atMs < listHoldsMs) return listed.models
      const { data } = await server.askObject({ method: 'GET', path: '/v1/models', signal })
      const names = (Array.isArray(data) ? data.filter(isRecord) : []).map(({ id }) => id)
      const models = modelsOf(place, names)
      // None may mean that they are just being asked.
      if (models.length > 0) listed = { models, atMs: performance.now() }
      return models
    },
    health: (signal) =>
      healthBy(async () => {
        await checkTokens(place, [], signal)
        return { ok: true }
      }, signal),
  }
}

async function* infer(place: Place, request: InferenceRequest): AsyncGenerator<InferenceEvent, void> {
  const { input, model, stream, signal, trace } = request
  if (input.operation === 'tokenize') return yield await tokenize(place, model, input, signal)
  const { operation } = input
  if (operation !== 'chat' && operation !== 'complete' && operation !== 'embed')
    throw new McpdError('OPERATION_UNSUPPORTED', `FastChat has no way to ${operation}.`)
  const { body, dropped } =
    input.operation === 'chat'
      ? encodeChat(input, { model, stream })
      : input.operation === 'complete'
        ? encodeComplete(input, { model, stream })
        : encodeEmbed(input, model)
  for (const name of dropped)
    trace.warnings.push(`'${name}' is not known to the API server of FastChat and was left out.`)
  const response = await place.server.ask({
    method: 'POST',
    path: `/v1${openaiPaths[operation]}`,
    body: JSON.stringify(body),
    signal,
  })
  if (stream && operation !== 'embed' && !response.headers['content-type']?.includes('json')) {
    // Its chunks lack members that clients of OpenAI rely on, so they are written anew.
    for await (const { frame: _, ...event } of decodeStream(operation, response.body))
      if (event.type !== 'other') yield event
    return
  }
  const bytes = await response.bytes(place.answerMaxBytes)
  const whole = wholeOf(operation, requireObject(parseJson(response, bytes)), bytes)
  if (stream) yield* unfold(whole.response())
  else yield whole
}

const tokenize = async (
  place: Place,
  model: string,
  { text = '' }: TokenizeInput,
  signal: AbortSignal,
): Promise<InferenceEvent> => {
  const [checked] = await checkTokens(place, [{ model, prompt: text, max_tokens: 0 }], signal)
  const tokenCount = numberOf(checked?.['tokenCount'])
  const contextLength = numberOf(checked?.['contextLength'])
  if (tokenCount === undefined)
    throw new McpdError('BACKEND_ERROR', 'The backend answered without the number of tokens.')
  return {
    type: 'whole',
    response: () => ({
      model,
      choices: [],
      tokens: [],
      tokenCount,
      ...(contextLength !== undefined && { contextLength }),
    }),
  }
}

const checkTokens = async ({ server }: Place, prompts: readonly object[], signal: AbortSignal) => {
  const body = JSON.stringify({ prompts })
  const { prompts: checked } = await server.askObject({
    method: 'POST',
    path: '/api/v1/token_check',
    body,
    signal,
  })
  if (!Array.isArray(checked)) throw new McpdError('BACKEND_ERROR', 'The backend answered without prompts.')
  return checked.filter(isRecord)
}
