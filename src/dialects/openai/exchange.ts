import type { InferenceRequest, InferenceResponse, Input, WholeEvent } from '../../core/inference.ts'
import { isRecord, type Wire } from '../wire.ts'
import { errorInside } from './errors.ts'
import { forwardRequest } from './forward-request.ts'
import { encodeChat, encodeComplete, encodeEmbed, type EncodeRequestOptions } from './request-encoder.ts'
import { decodeRanking, encodeRerank, rankingOf } from './rerank.ts'
import { decodeResponse, requireAnswer } from './response.ts'
import { decodeUsage } from './usage.ts'

/** Where the operations of this dialect are below its base. */
export const openaiPaths = {
  chat: '/chat/completions',
  complete: '/completions',
  embed: '/embeddings',
  rerank: '/rerank',
} as const

type OpenAiOperation = keyof typeof openaiPaths

/**
 * The body of a request: the client's own bytes where it speaks this dialect, else what its input comes to.
 * `usageInjected` says that the chunk with the usage was not the client's wish and must not reach it.
 */
export const bodyOf = (
  { input: asked, frame, model, stream, trace }: InferenceRequest,
  { streamUsage = true, maxTokensMember }: Pick<EncodeRequestOptions, 'streamUsage' | 'maxTokensMember'>,
): { readonly body: Buffer | string; readonly usageInjected: boolean } => {
  if (frame?.dialect === 'openai') {
    const { bytes, usageInjected } = forwardRequest(frame, { model, stream, streamUsage })
    return { body: bytes, usageInjected }
  }
  const input = frame ? withoutForeign(asked, trace.warnings) : asked
  const encoding = { model, stream, streamUsage, ...(maxTokensMember && { maxTokensMember }) }
  return { body: JSON.stringify(encode(input, encoding)), usageInjected: true }
}

/** What a client of another dialect asked for in words of its own means nothing here, and may mean another thing. */
const withoutForeign = (input: Input, warnings: string[]): Input => {
  if (input.operation === 'tokenize') return input
  const names = Object.entries(input.extra).flatMap(([name, value]) =>
    isRecord(value) ? Object.keys(value).map((member) => `${name}.${member}`) : [name],
  )
  for (const name of names) warnings.push(`'${name}' has no name in the OpenAI dialect and was left out.`)
  return { ...input, extra: {} }
}

const encode = (input: Input, encoding: EncodeRequestOptions): object => {
  switch (input.operation) {
    case 'chat':
      return encodeChat(input, encoding)
    case 'complete':
      return encodeComplete(input, encoding)
    case 'embed':
      return encodeEmbed(input, encoding)
    case 'rerank':
      return encodeRerank(input, encoding)
    default:
      throw new Error(`${input.operation} has no body of its own`)
  }
}

/** The answer with its bytes. Throws BACKEND_ERROR when it is none, or an error in the guise of one. */
export const wholeOf = (operation: OpenAiOperation, body: Wire, bytes: Buffer): WholeEvent => {
  const failure = errorInside(body)
  if (failure) throw failure
  if (operation === 'rerank') rankingOf(body)
  else requireAnswer(operation, body)
  const usage = decodeUsage(body['usage'])
  let decoded: InferenceResponse | undefined
  return {
    type: 'whole',
    frame: { dialect: 'openai', bytes },
    ...(usage && { usage }),
    response: () =>
      (decoded ??= operation === 'rerank' ? decodeRanking(body) : decodeResponse(operation, body)),
  }
}
