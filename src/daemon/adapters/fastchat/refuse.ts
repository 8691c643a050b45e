import type {
  ChatInput,
  CompleteInput,
  EmbedInput,
  InferenceRequest,
  TokenizeInput,
} from '../../../core/inference.ts'
import { plainText } from '../../../dialects/fastchat/api-request.ts'
import type { KindName } from './options.ts'

/** Why a request cannot be served as it was meant; undefined = it can. `kind` is undefined while it is not known. */
export const refuse = (
  { input, stream }: Pick<InferenceRequest, 'input' | 'stream'>,
  kind: KindName | undefined,
): string | undefined => {
  switch (input.operation) {
    case 'chat':
      return refuseChat(input, kind)
    case 'complete':
      return refuseComplete(input, stream, kind)
    case 'embed':
      return refuseEmbed(input, stream)
    case 'tokenize':
      return refuseTokenize(input, stream, kind)
    default:
      return undefined
  }
}

type Reason = string | false | undefined

const firstReason = (...reasons: readonly Reason[]): string | undefined =>
  reasons.find((reason): reason is string => typeof reason === 'string')

/** A worker answers once; the API server asks it as often as it takes. */
const isWorkers = (kind: KindName | undefined): boolean => kind === 'worker' || kind === 'controller'

const oneChoice = (choices: number | undefined, kind: KindName | undefined): Reason =>
  choices !== undefined &&
  choices > 1 &&
  isWorkers(kind) &&
  'n must be 1: a worker of FastChat gives one answer to a prompt.'

const refuseChat = (input: ChatInput, kind: KindName | undefined): string | undefined => {
  const { messages, tools, toolChoice, choices, responseFormat, extra } = input
  return firstReason(
    messages.length === 0 && 'messages is empty.',
    kind === 'api' && messages.some(({ content }) => !isWellFormed(plainText(content))) && halves('messages'),
    oneChoice(choices, kind),
    (tools !== undefined || extra['tools'] !== undefined) &&
      toolChoice !== 'none' &&
      'tools cannot be called: FastChat has none.',
    responseFormat !== undefined &&
      responseFormat.type !== 'text' &&
      'response_format can only be text: FastChat forces no form on an answer.',
    messages.some(({ role, toolCalls }) => role === 'tool' || toolCalls !== undefined) &&
      'messages may hold no tool calls and no results of them: FastChat has no tools.',
    messages.some(
      ({ role, content }) => Array.isArray(content) && content.some(({ type }) => !mayBe(type, role, kind)),
    ) &&
      (isWorkers(kind)
        ? 'messages may only hold text here; images go through the API server of FastChat.'
        : 'messages may only hold text, and images of the user: FastChat takes nothing else.'),
  )
}

/** The API server breaks where it sends half of a pair on. */
const isWellFormed = (text: string | readonly number[]): boolean =>
  typeof text !== 'string' || text.isWellFormed()
const halves = (param: string): string =>
  `${param} holds half of a surrogate pair, which the API server of FastChat cannot handle.`

const mayBe = (type: string, role: string, kind: KindName | undefined): boolean =>
  type === 'text' || (type === 'image' && role === 'user' && !isWorkers(kind))

const refuseComplete = (input: CompleteInput, stream: boolean, kind: KindName | undefined) => {
  const { prompts, suffix, choices } = input
  return firstReason(
    oneChoice(choices, kind),
    prompts.some((prompt) => typeof prompt !== 'string') &&
      'prompt must be text: FastChat knows no tokens of its models.',
    prompts.length !== 1 &&
      (isWorkers(kind) || stream) &&
      'prompt must be one text: FastChat does not tell the answers to several apart.',
    kind === 'api' && prompts.some((prompt) => !isWellFormed(prompt)) && halves('prompt'),
    suffix !== undefined && suffix !== '' && 'suffix cannot be given: FastChat fills in no middle.',
  )
}

const refuseEmbed = ({ inputs }: EmbedInput, stream: boolean): string | undefined =>
  firstReason(
    stream && 'embed gives one answer, not a stream.',
    inputs.length === 0 && 'input is empty.',
    inputs.some((text) => typeof text !== 'string') &&
      'input must be texts: FastChat knows no tokens of its models.',
  )

const refuseTokenize = (
  { messages }: TokenizeInput,
  stream: boolean,
  kind: KindName | undefined,
): string | undefined =>
  firstReason(
    stream && 'tokenize gives one answer, not a stream.',
    messages !== undefined &&
      kind === 'api' &&
      'messages cannot be counted by the API server of FastChat: it counts texts.',
  )
