import { randomUUID } from 'node:crypto'
import type {
  ChatHistoryItem,
  ChatModelFunctions,
  LlamaContextSequence,
  LlamaGrammar,
  Token,
} from 'node-llama-cpp'
import { McpdError } from '../../../core/errors.ts'
import type { ChatInput, ResponseFormat } from '../../../core/inference.ts'
import { emitCost, finishReason, maxTokensFor, samplingOptions, withPrompt, type Job } from './generate.ts'
import { toHistory } from './history.ts'
import type { Runtime } from './runtime.ts'
import { toGrammarSchema } from './schema.ts'
import type { SequencePool } from './sequences.ts'
import { forceCall, type ForcedCall, type Functions, instruct, toFunctions } from './tools.ts'

interface Plan {
  readonly history: ChatHistoryItem[]
  readonly functions?: ChatModelFunctions
  readonly toolOf?: Functions['toolOf']
  readonly grammar?: LlamaGrammar
  readonly forced?: ForcedCall
}

const warnUnenforced = (what: string, keywords: readonly string[], warn: Job['warn']): void => {
  if (keywords.length > 0)
    warn(`${what} uses ${[...new Set(keywords)].join(', ')}, which the embedded runtime does not enforce.`)
}

const grammarOf = async ({ llama }: Runtime, schema: ForcedCall['schema']): Promise<LlamaGrammar> => {
  try {
    return await llama.createGrammarForJsonSchema(
      schema as Parameters<typeof llama.createGrammarForJsonSchema>[0],
    )
  } catch (error) {
    throw new McpdError('BAD_REQUEST', 'The JSON schema cannot be turned into a grammar.', {}, error)
  }
}

const formatGrammar = async (
  runtime: Runtime,
  format: ResponseFormat | undefined,
  warn: Job['warn'],
): Promise<LlamaGrammar | undefined> => {
  if (format?.type === 'json') return runtime.llama.getGrammarFor('json')
  if (format?.type !== 'json-schema') return undefined
  const { schema, unenforced } = toGrammarSchema(format.schema)
  warnUnenforced('The schema of the response format', unenforced, warn)
  return grammarOf(runtime, schema)
}

/** Whether the model's template has a way of its own to call tools. */
const knowsTools = ({ nlc, wrapper }: Runtime): boolean =>
  JSON.stringify(wrapper.settings.functions.call) !==
  JSON.stringify(nlc.ChatWrapper.defaultSettings.functions.call)

const makePlan = async (runtime: Runtime, input: ChatInput, warn: Job['warn']): Promise<Plan> => {
  const history = toHistory(input.messages)
  const { tools = [], toolChoice = 'auto' } = input
  if (toolChoice !== 'none' && toolChoice !== 'auto') {
    const forced = forceCall(tools, toolChoice)
    warnUnenforced('A tool', forced.unenforced, warn)
    const grammar = await grammarOf(runtime, forced.schema)
    return { history: instruct(history, forced.instruction), grammar, forced }
  }
  if (toolChoice === 'auto' && tools.length > 0) {
    const { functions, toolOf, unenforced } = toFunctions(tools)
    warnUnenforced('A tool', unenforced, warn)
    if (!knowsTools(runtime))
      warn(
        "The model's chat template knows no tools, so it may not call any. tool_choice 'required' makes it.",
      )
    return { history, functions, toolOf }
  }
  const grammar = await formatGrammar(runtime, input.responseFormat, warn)
  return { history, ...(grammar && { grammar }) }
}

/** The prompt that the model's template makes of a history, as tokens. */
export const renderPrompt = (
  { model, wrapper }: Runtime,
  history: readonly ChatHistoryItem[],
  functions?: ChatModelFunctions,
): Token[] =>
  wrapper
    .generateContextState({
      chatHistory: history,
      ...(functions && { availableFunctions: functions, documentFunctionParams: true }),
    })
    .contextText.tokenize(model.tokenizer)

const checkJson = (text: string): void => {
  try {
    JSON.parse(text)
  } catch (error) {
    throw new McpdError('BACKEND_ERROR', 'The model stopped before its JSON was complete.', {}, error)
  }
}

const callId = (): string => `call_${randomUUID().replaceAll('-', '')}`

/** Generates the answer to a plan and says how it ended. */
const answer = async (
  { nlc, wrapper }: Runtime,
  sequence: LlamaContextSequence,
  plan: Plan,
  input: ChatInput,
  maxTokens: number,
  { emit, signal, randomSeed }: Job,
): Promise<void> => {
  let text = ''
  let calls = 0
  const emitCall = (name: string, argumentsText: string): void =>
    emit({ type: 'tool-call-delta', index: 0, call: calls++, id: callId(), name, argumentsText })
  const session = new nlc.LlamaChat({ contextSequence: sequence, chatWrapper: wrapper })
  const { metadata } = await session
    .generateResponse(plan.history, {
      ...samplingOptions(input.sampling, randomSeed),
      maxTokens,
      signal,
      onResponseChunk: (chunk) => {
        if (chunk.text === '') return
        if (chunk.type === 'segment') emit({ type: 'reasoning-delta', index: 0, text: chunk.text })
        else {
          text += chunk.text
          if (!plan.forced) emit({ type: 'text-delta', index: 0, text: chunk.text })
        }
      },
      ...(plan.functions
        ? {
            functions: plan.functions,
            documentFunctionParams: true,
            ...(input.parallelToolCalls === false && { maxParallelFunctionCalls: 1 }),
            onFunctionCall: ({ functionName, params }) =>
              emitCall(plan.toolOf?.(functionName) ?? functionName, JSON.stringify(params ?? {})),
          }
        : plan.grammar && { grammar: plan.grammar }),
    })
    .finally(() => session.dispose())

  const reason = finishReason(metadata.stopReason)
  const whole = reason === 'stop' && metadata.stopReason !== 'customStopTrigger'
  if (plan.grammar && whole) checkJson(text)
  if (plan.forced) {
    const { name, argumentsText } = plan.forced.read(text)
    if (name !== '') emitCall(name, argumentsText)
  }
  emit({ type: 'finish', index: 0, reason: plan.forced && whole ? 'tool-calls' : reason })
}

/** Answers a conversation. */
export const chat = async (
  runtime: Runtime,
  sequences: SequencePool,
  input: ChatInput,
  job: Job,
): Promise<void> => {
  const plan = await makePlan(runtime, input, job.warn)
  const prompt = renderPrompt(runtime, plan.history, plan.functions)
  const maxTokens = maxTokensFor(prompt.length, input.sampling.maxTokens, sequences.contextLength)
  const cost = await withPrompt(sequences, prompt, job.signal, async (sequence) => {
    job.emit({ type: 'start', model: runtime.modelName })
    await answer(runtime, sequence, plan, input, maxTokens, job)
  })
  emitCost(cost, job.emit)
}
