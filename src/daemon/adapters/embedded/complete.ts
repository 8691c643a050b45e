import type { Token } from 'node-llama-cpp'
import { McpdError } from '../../../core/errors.ts'
import type { CompleteInput } from '../../../core/inference.ts'
import {
  addCosts,
  type Cost,
  emitCost,
  finishReason,
  type Job,
  maxTokensFor,
  samplingOptions,
  withPrompt,
} from './generate.ts'
import type { Runtime } from './runtime.ts'
import type { SequencePool } from './sequences.ts'

/**
 * Text as tokens, with the names of control tokens read as those tokens: the caller of a raw operation writes its own
 * template. Tokens as they are; throws BAD_REQUEST for one that the model does not have.
 */
export const rawTokens = (
  { model, vocabularySize }: Pick<Runtime, 'model' | 'vocabularySize'>,
  input: string | readonly number[],
): Token[] => {
  if (typeof input === 'string') return model.tokenize(input, true)
  const wrong = input.find((token) => !Number.isInteger(token) || token < 0 || token >= vocabularySize)
  if (wrong !== undefined)
    throw new McpdError(
      'BAD_REQUEST',
      `The model has no token ${wrong}; its tokens go up to ${vocabularySize - 1}.`,
    )
  return [...input] as Token[]
}

const completeOne = async (
  runtime: Runtime,
  sequences: SequencePool,
  input: CompleteInput,
  index: number,
  { emit, signal, randomSeed }: Job,
): Promise<Cost> => {
  const { model, nlc } = runtime
  const tokens = rawTokens(runtime, input.prompts[index] ?? '')
  const bos = model.tokens.shouldPrependBosToken ? model.tokens.bos : null
  const bare = bos !== null && tokens[0] === bos ? tokens.slice(1) : tokens
  const prompt = bos === null ? bare : [bos, ...bare]
  const maxTokens = maxTokensFor(prompt.length, input.sampling.maxTokens, sequences.contextLength)
  return withPrompt(sequences, prompt, signal, async (sequence) => {
    if (index === 0) emit({ type: 'start', model: runtime.modelName })
    if (input.echo) emit({ type: 'text-delta', index, text: model.detokenize(tokens, true) })
    const completion = new nlc.LlamaCompletion({ contextSequence: sequence })
    const { metadata } = await completion
      // It puts the first token in front itself.
      .generateCompletionWithMeta(bare, {
        ...samplingOptions(input.sampling, randomSeed),
        maxTokens,
        signal,
        // A tenth of the context by default, and what is longer than the rest would be cut off unseen.
        contextShiftSize: 1,
        disableContextShift: true,
        onTextChunk: (text) => {
          if (text !== '') emit({ type: 'text-delta', index, text })
        },
      })
      .finally(() => completion.dispose())
    emit({ type: 'finish', index, reason: finishReason(metadata.stopReason) })
  })
}

/** Continues each prompt, one after the other; prompt n is answered as choice n. */
export const complete = async (
  runtime: Runtime,
  sequences: SequencePool,
  input: CompleteInput,
  job: Job,
): Promise<void> => {
  const costs: Cost[] = []
  for (const index of input.prompts.keys())
    costs.push(await completeOne(runtime, sequences, input, index, job))
  emitCost(addCosts(costs), job.emit)
}
