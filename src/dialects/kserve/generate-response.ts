import { McpdError } from '../../core/errors.ts'
import type { FinishReason, Frame, InferenceEvent, InferenceResponse, Usage } from '../../core/inference.ts'
import type { Tensor } from '../../core/tensor.ts'
import { numberOf, textOf, type Wire } from '../wire.ts'
import { errorInside } from './errors.ts'
import type { Layout } from './layout.ts'
import { tensorValues } from './tensor-bytes.ts'
import { decodeFinishReason } from './wire.ts'

/** One response of a model that generates: outputs by their names, as POST …/generate answers. */
interface Piece {
  readonly text: string | undefined
  readonly finish: FinishReason | undefined
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
}

const readPiece = (body: Wire, layout: Layout): Piece => {
  const failure = errorInside(body)
  if (failure) throw failure
  const said = (name: string): unknown => only(body[layout.output(name)?.name ?? name])
  return {
    text: joined(body[layout.text?.name ?? 'text_output']),
    finish: decodeFinishReason(said('finish_reason') ?? detailOf(body)),
    inputTokens: countOf(said('num_input_tokens')),
    outputTokens: countOf(said('num_output_tokens')),
  }
}

const only = (value: unknown): unknown => (Array.isArray(value) ? value[0] : value)

const countOf = (value: unknown): number | undefined => {
  const count = numberOf(typeof value === 'string' ? Number(value) : value)
  return count !== undefined && Number.isSafeInteger(count) && count >= 0 ? count : undefined
}

const joined = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value
  return Array.isArray(value) && value.every((part) => typeof part === 'string') ? value.join('') : undefined
}

/** KServe's draft puts it into details. */
const detailOf = ({ details }: Wire): unknown => (details as Wire | undefined)?.['finish_reason']

const usageOf = (inputTokens: number | undefined, outputTokens: number | undefined): Usage | undefined =>
  inputTokens === undefined || outputTokens === undefined ? undefined : { inputTokens, outputTokens }

/** A whole answer. Throws BACKEND_ERROR when it is none, or an error in the guise of one. */
export const decodeGenerated = (body: Wire, layout: Layout): InferenceResponse => {
  const { text, finish = 'other', inputTokens, outputTokens } = readPiece(body, layout)
  if (text === undefined)
    throw new McpdError(
      'BACKEND_ERROR',
      `The backend's answer is malformed: it has no ${layout.text?.name ?? 'text_output'}.`,
    )
  const usage = usageOf(inputTokens, outputTokens)
  const id = textOf(body['id'])
  return {
    model: textOf(body['model_name']) ?? '',
    ...(id !== undefined && { id }),
    choices: [{ index: 0, text, finishReason: finish }],
    ...(usage && { usage }),
  }
}

/**
 * Makes events of the responses of a stream. A state machine: start, text, the end, of which the protocol says
 * nothing: it is over when the responses are. A model that was to tell why it stopped and did not has broken off.
 */
export const createPieceDecoder = (model: string, layout: Layout, tellsFinish: boolean) => {
  let started = false
  let finish: FinishReason | undefined
  let inputTokens: number | undefined
  let outputTokens: number | undefined

  const push = (body: Wire, frame?: Frame): InferenceEvent[] => {
    const piece = readPiece(body, layout)
    const framed = frame && { frame }
    const events: InferenceEvent[] = []
    if (!started) events.push({ type: 'start', model: textOf(body['model_name']) ?? model, ...framed })
    started = true
    if (piece.text !== undefined) events.push({ type: 'text-delta', index: 0, text: piece.text, ...framed })
    else if (frame) events.push({ type: 'other', frame })
    finish = piece.finish ?? finish
    inputTokens = piece.inputTokens ?? inputTokens
    // Each response counts what it brings.
    if (piece.outputTokens !== undefined) outputTokens = (outputTokens ?? 0) + piece.outputTokens
    return events
  }

  const end = (): InferenceEvent[] => {
    if (!started || (tellsFinish && finish === undefined))
      throw new McpdError(
        'BACKEND_INCOMPLETE',
        started
          ? 'The backend ended its stream without saying why the model stopped.'
          : 'The backend ended its stream without any response.',
      )
    const usage = usageOf(inputTokens, outputTokens)
    return [
      { type: 'finish', index: 0, reason: finish ?? 'other' },
      ...(usage ? [{ type: 'usage', usage } as const] : []),
      { type: 'end' },
    ]
  }

  return { push, end }
}

/** Outputs by their names, as they would stand in the answer of POST …/generate. */
export const recordOf = (model: string, tensors: readonly Tensor[]): Wire => ({
  model_name: model,
  ...Object.fromEntries(
    tensors.map((tensor) => {
      const values = tensorValues(tensor)
      return [tensor.name, values?.length === 1 ? values[0] : values]
    }),
  ),
})
