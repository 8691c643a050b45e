import { McpdError } from '../core/errors.ts'
import type { InferenceRequest, Input, Message } from '../core/inference.ts'
import type { ModelCapability } from '../core/adapter.ts'
import type { Target } from './balance.ts'

/**
 * Why a target cannot serve a request, as far as can be told before it is sent; undefined when it may. What a backend
 * does not say of its models is not held against it.
 */
export const whyUnfit = (
  { backend, model: name }: Target,
  { input }: InferenceRequest,
): McpdError | undefined => {
  const { operation } = input
  const of = { backend: backend.name }
  if (!backend.adapter.operations.includes(operation))
    return new McpdError(
      'OPERATION_UNSUPPORTED',
      `The adapter ${backend.adapterType} has no operation "${operation}".`,
      of,
    )
  const model = backend.find(name)
  if (!model) return undefined
  if (!model.operations.includes(operation))
    return new McpdError('OPERATION_UNSUPPORTED', `${backend.name}/${name} cannot ${operation}.`, of)
  if (model.capabilities) {
    const missing = needs(input).find(({ capability }) => !model.capabilities!.includes(capability))
    if (missing)
      return new McpdError('BAD_REQUEST', `${backend.name}/${name} takes no ${missing.what}.`, {
        ...of,
        param: missing.param,
      })
  }
  if (model.embeddingBatchMax !== undefined && input.operation === 'embed') {
    const { length } = input.inputs
    if (length > model.embeddingBatchMax)
      return new McpdError(
        'BAD_REQUEST',
        `${backend.name}/${name} embeds ${model.embeddingBatchMax} inputs at a time, not ${length}.`,
        { ...of, param: 'input' },
      )
  }
  if (model.contextLength !== undefined) {
    const wanted =
      input.operation === 'chat' || input.operation === 'complete' ? input.sampling.maxTokens : undefined
    if (wanted !== undefined && wanted > model.contextLength)
      return new McpdError(
        'BAD_REQUEST',
        `${backend.name}/${name} has a context of ${model.contextLength} tokens; ${wanted} of output do not fit.`,
        { ...of, param: 'max_tokens' },
      )
  }
  return undefined
}

interface Need {
  readonly capability: ModelCapability
  readonly what: string
  readonly param: string
}

/** Capabilities without which an input would lose its meaning. */
const needs = (input: Input): readonly Need[] => {
  if (input.operation !== 'chat') return []
  const has = (type: 'image' | 'audio'): boolean => input.messages.some((message) => hasPart(message, type))
  return [
    ...(has('image') ? [{ capability: 'vision', what: 'images', param: 'messages' } as const] : []),
    ...(has('audio') ? [{ capability: 'audio', what: 'audio', param: 'messages' } as const] : []),
  ]
}

const hasPart = ({ content }: Message, type: 'image' | 'audio'): boolean =>
  Array.isArray(content) && content.some((part: { type: string }) => part.type === type)
