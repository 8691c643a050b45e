import { McpdError } from '../../core/errors.ts'
import type { Choice, InferenceResponse, ToolCall } from '../../core/inference.ts'
import { isRecord, textOf, type Wire } from '../wire.ts'
import { decodeLogprobs, encodeLogprobs } from './logprobs.ts'
import { parseArguments } from './messages.ts'
import { decodeTimings, decodeUsage, encodeMetrics, type Measured, toNanoseconds } from './usage.ts'
import { decodeDoneReason, encodeDoneReason, type Form, madeCallId } from './wire.ts'

/** Reads a whole answer. `id` goes into the ids of calls that have none. Throws BACKEND_ERROR, BACKEND_INCOMPLETE. */
export const decodeResponse = (form: Form, body: Wire, id: string): InferenceResponse => {
  requireAnswer(form, body)
  const model = textOf(body['model']) ?? ''
  const timings = decodeTimings(body)
  // The older route for vectors has nothing beside them.
  if (form === 'embeddings') return { model, choices: [], embeddings: decodeVectors([body['embedding']]) }
  const rest = { usage: decodeUsage(body), ...(timings && { timings }) }
  if (form === 'embed') return { model, choices: [], embeddings: decodeVectors(body['embeddings']), ...rest }
  return { model, choices: [decodeChoice(form, body, id)], ...rest }
}

const malformed = (why: string): McpdError =>
  new McpdError('BACKEND_ERROR', `The backend's answer is malformed: ${why}.`)

/** Throws BACKEND_ERROR unless the body is an answer as far as its outline goes, BACKEND_INCOMPLETE for a part of one. */
export const requireAnswer = (form: Form, body: Wire): void => {
  if (form === 'embed' || form === 'embeddings') {
    if (!Array.isArray(body[form === 'embed' ? 'embeddings' : 'embedding']))
      throw malformed('it has no embeddings')
  } else if (!contentOf(form, body)) throw malformed('it has no message')
  else if (body['done'] !== true)
    throw new McpdError('BACKEND_INCOMPLETE', 'The backend answered without saying that it was done.')
}

const decodeVectors = (vectors: unknown): (readonly number[])[] => {
  if (!Array.isArray(vectors)) throw malformed('it has no embeddings')
  for (const [index, vector] of vectors.entries())
    if (!Array.isArray(vector)) throw malformed(`embedding ${index} is no vector`)
  return vectors as number[][]
}

const decodeChoice = (form: 'chat' | 'generate', body: Wire, id: string): Choice => {
  const said = contentOf(form, body)
  if (!said) throw malformed('it has no message')
  const toolCalls = decodeCalls(said.calls, id, 0)
  const logprobs = decodeLogprobs(body['logprobs'])
  return {
    index: 0,
    text: said.text ?? null,
    ...(said.thinking !== undefined && { reasoning: said.thinking }),
    ...(toolCalls.length > 0 && { toolCalls }),
    ...(logprobs && { logprobs }),
    finishReason: decodeDoneReason(body['done_reason'], toolCalls.length),
  }
}

interface Content {
  readonly text: string | undefined
  readonly thinking: string | undefined
  readonly calls: unknown
}

/** What an answer or a line says, wherever its form puts it; undefined when it has no such place. */
export const contentOf = (form: 'chat' | 'generate', body: Wire): Content | undefined => {
  const said = form === 'chat' ? body['message'] : body
  if (!isRecord(said)) return undefined
  return {
    text: textOf(said[form === 'chat' ? 'content' : 'response']),
    thinking: textOf(said['thinking']),
    calls: said['tool_calls'],
  }
}

/** Calls are never in fragments. `from` is how many the answer had before. */
export const decodeCalls = (calls: unknown, id: string, from: number): ToolCall[] =>
  (Array.isArray(calls) ? calls : []).filter(isRecord).map((call, at) => {
    const called = isRecord(call['function']) ? call['function'] : {}
    return {
      id: textOf(call['id']) ?? madeCallId(id, from + at),
      name: textOf(called['name']) ?? '',
      argumentsText: JSON.stringify(called['arguments'] ?? {}),
    }
  })

// ---- towards clients ----

export interface EncodeResponseOptions {
  /** The model's name as the client knows it. */
  readonly model: string
  /** RFC 3339. */
  readonly createdAt: string
  readonly measured: Measured
}

/** The body of a whole answer. The inverse of `decodeResponse`. Throws BACKEND_ERROR for what has no form here. */
export const encodeResponse = (
  form: Form,
  response: InferenceResponse,
  { model, createdAt, measured }: EncodeResponseOptions,
): object => {
  const { usage, timings, embeddings = [] } = response
  if (form === 'embeddings') return { embedding: embeddings[0] ?? [] }
  if (form === 'embed')
    return {
      model,
      embeddings,
      total_duration: toNanoseconds(measured.totalMs),
      ...(timings?.loadMs !== undefined && { load_duration: toNanoseconds(timings.loadMs) }),
      ...(usage && { prompt_eval_count: usage.inputTokens }),
    }
  const [choice] = response.choices
  if (!choice) throw malformed('it has no choice')
  return {
    model,
    created_at: createdAt,
    ...encodeContent(form, choice),
    done: true,
    done_reason: encodeDoneReason(choice.finishReason),
    ...(choice.logprobs && { logprobs: encodeLogprobs(choice.logprobs) }),
    ...encodeMetrics(usage, timings, measured),
  }
}

const encodeContent = (form: 'chat' | 'generate', { text, reasoning, toolCalls }: Choice): object => {
  const rest = {
    ...(reasoning !== undefined && { thinking: reasoning }),
    ...(toolCalls && { tool_calls: toolCalls.map(encodeCall) }),
  }
  return form === 'chat'
    ? { message: { role: 'assistant', content: text ?? '', ...rest } }
    : { response: text ?? '', ...rest }
}

/** A call with its arguments as an object. Throws BACKEND_ERROR when the model wrote them wrong. */
export const encodeCall = ({ id, name, argumentsText }: ToolCall, index: number): object => {
  const parsed = parseArguments(argumentsText)
  if (!parsed)
    throw new McpdError(
      'BACKEND_ERROR',
      `The model called "${name}" with arguments that are no JSON object, which this dialect cannot express.`,
    )
  return { id, function: { index, name, arguments: parsed } }
}
