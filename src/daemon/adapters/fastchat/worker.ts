import { McpdError } from '../../../core/errors.ts'
import { fold } from '../../../core/fold.ts'
import type {
  ChatInput,
  CompleteInput,
  EmbedInput,
  InferenceEvent,
  InferenceRequest,
  Message,
  TokenizeInput,
} from '../../../core/inference.ts'
import { plainText } from '../../../dialects/fastchat/api-request.ts'
import {
  type Conversation,
  decodeConversation,
  type Turn,
  writePrompt,
} from '../../../dialects/fastchat/conversation.ts'
import { errorInside } from '../../../dialects/fastchat/errors.ts'
import { decodeStream } from '../../../dialects/fastchat/stream-decoder.ts'
import { encodeGenerate, type Prompt } from '../../../dialects/fastchat/worker-request.ts'
import { decodeEmbeddings } from '../../../dialects/tei/embed.ts'
import { numberOf, type Wire } from '../../../dialects/wire.ts'
import type { AdapterServer } from '../../adapter-server.ts'
import { renderChat } from '../../chat-template.ts'
import type { Place } from './kind.ts'

/** Texts that a worker takes at a time, as FastChat's own API server has it. */
const embedBatchMax = 4
/** Templates of models that are kept. */
const templatesMax = 256

/** One worker, by its own protocol. */
export interface Worker {
  infer(request: InferenceRequest): AsyncIterable<InferenceEvent>
  /** A question about a model. Throws what an error inside the answer means. */
  ask(path: string, body: object, signal: AbortSignal): Promise<Wire>
  close(): Promise<void>
}

export const createWorker = (place: Place, server: AdapterServer): Worker => {
  const templates = new Map<string, Conversation>()

  const ask: Worker['ask'] = async (path, body, signal) => {
    const answer = await server.askObject({ method: 'POST', path, body: JSON.stringify(body), signal })
    const failure = errorInside(answer)
    if (failure) throw failure
    return answer
  }

  const templateOf = async (model: string, signal: AbortSignal): Promise<Conversation> => {
    const known = templates.get(model)
    if (known) return known
    const { conv } = await ask('/worker_get_conv_template', { model }, signal)
    const conversation = decodeConversation(conv)
    if (!conversation) throw noTemplate(model, 'its worker has no template that mcpd can read')
    if (templates.size >= templatesMax) templates.clear()
    templates.set(model, conversation)
    return conversation
  }

  const promptOf = async (model: string, input: ChatInput, signal: AbortSignal): Promise<Prompt> => {
    const settings = place.options.models?.[model] ?? {}
    if (settings.chatTemplate !== undefined)
      return { text: await renderChat(settings.chatTemplate, input, settings), stop: [], stopTokenIds: [] }
    const conversation = await templateOf(model, signal)
    const text = writePrompt(conversation, turnsOf(input.messages), systemOf(input.messages))
    if (text === undefined)
      throw noTemplate(model, `its worker's template "${conversation.name}" is of a style mcpd does not know`)
    return { text, stop: conversation.stop, stopTokenIds: conversation.stopTokenIds }
  }

  async function* generate(
    { model, stream, signal, trace }: InferenceRequest,
    input: ChatInput | CompleteInput,
  ): AsyncGenerator<InferenceEvent, void> {
    const prompt =
      input.operation === 'chat'
        ? await promptOf(model, input, signal)
        : { text: String(input.prompts[0]), stop: [], stopTokenIds: [] }
    const { body, dropped } = encodeGenerate(model, input, prompt)
    for (const name of dropped)
      trace.warnings.push(`'${name}' is not known to workers of FastChat and was left out.`)
    // Only a stream ends when its client goes away, so that a whole answer is the sum of one.
    const response = await server.ask({
      method: 'POST',
      path: '/worker_generate_stream',
      body: JSON.stringify(body),
      signal,
    })
    const events = decodeStream(response.body, { model, objectMaxBytes: place.answerMaxBytes })
    if (stream) return yield* events
    const whole = await fold(events)
    yield { type: 'whole', ...(whole.usage && { usage: whole.usage }), response: () => whole }
  }

  const embed = async (
    { model, signal, trace }: InferenceRequest,
    { inputs, dimensions, extra }: EmbedInput,
  ): Promise<InferenceEvent> => {
    for (const name of [...(dimensions === undefined ? [] : ['dimensions']), ...Object.keys(extra)])
      trace.warnings.push(`'${name}' is not known to workers of FastChat and was left out.`)
    const embeddings: (readonly number[])[] = []
    let inputTokens = 0
    for (let at = 0; at < inputs.length; at += embedBatchMax) {
      const batch = inputs.slice(at, at + embedBatchMax)
      const answer = await ask('/worker_get_embeddings', { model, input: batch }, signal)
      embeddings.push(...decodeEmbeddings(answer['embedding'], batch.length))
      inputTokens += numberOf(answer['token_num']) ?? 0
    }
    const usage = inputTokens > 0 ? { usage: { inputTokens, outputTokens: 0 } } : {}
    return { type: 'whole', ...usage, response: () => ({ model, choices: [], embeddings, ...usage }) }
  }

  const tokenize = async (
    { model, signal }: InferenceRequest,
    { text, messages }: TokenizeInput,
  ): Promise<InferenceEvent> => {
    const chat = { operation: 'chat', messages: messages ?? [], sampling: {}, extra: {} } as const
    const prompt = text ?? (await promptOf(model, chat, signal)).text
    const { count } = await ask('/count_token', { model, prompt }, signal)
    const tokenCount = numberOf(count)
    if (tokenCount === undefined)
      throw new McpdError('BACKEND_ERROR', 'The backend answered without the number of tokens.')
    const contextLength = numberOf((await ask('/model_details', { model }, signal))['context_length'])
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

  return {
    ask,
    close: () => server.close(),
    async *infer(request) {
      const { input } = request
      if (input.operation === 'chat' || input.operation === 'complete') yield* generate(request, input)
      else if (input.operation === 'embed') yield await embed(request, input)
      else if (input.operation === 'tokenize') yield await tokenize(request, input)
      else throw new McpdError('OPERATION_UNSUPPORTED', `FastChat has no way to ${input.operation}.`)
    },
  }
}

const isSystem = ({ role }: Message): boolean => role === 'system' || role === 'developer'

/** What a template has room for: one system message before everything. */
const systemOf = (messages: readonly Message[]): string | undefined => {
  const systems = messages.filter(isSystem)
  return systems.length === 0 ? undefined : systems.map(({ content }) => plainText(content)).join('\n')
}

const turnsOf = (messages: readonly Message[]): Turn[] =>
  messages
    .filter((message) => !isSystem(message))
    .map(({ role, content }) => ({ speaker: role === 'assistant' ? 1 : 0, text: plainText(content) }))

const noTemplate = (model: string, why: string): McpdError =>
  new McpdError('OPERATION_UNSUPPORTED', `${model} cannot chat: ${why}.`, {
    suggestions: [
      `Give a Jinja template under models.${model}.chatTemplate in the backend's entry of the config, or ask the API server of FastChat instead.`,
    ],
  })
