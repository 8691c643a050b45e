import { McpdError } from '../../core/errors.ts'
import type { ModelFacts, TensorFacts } from './model.ts'

/**
 * Which of a model's tensors mean what. Names are looked up in what the model says of itself: those that the config
 * of mcpd gives first, then those that backends use, then the only tensor that can be meant.
 */
export interface Layout {
  readonly facts: ModelFacts
  /** Takes the text; absent for a model that takes none. */
  readonly prompt?: TensorFacts
  /** Gives the text. */
  readonly text?: TensorFacts
  /** Gives one vector per input. */
  readonly embedding?: TensorFacts
  /** What mcpd's words are called by this model: an input. */
  readonly named: (word: string) => TensorFacts | undefined
  readonly output: (name: string) => TensorFacts | undefined
}

/** mcpd's word → the model's tensor: `prompt`, `text`, `embedding`, and parameters such as `max_tokens`. */
export type TensorNames = Readonly<Record<string, string>>

/** What parameters are called by the backends that take them as tensors, mcpd's own word first. */
const knownNames: Readonly<Record<string, readonly string[]>> = {
  prompt: ['text_input', 'prompt', 'PROMPT', 'TEXT', 'text', 'INPUT_TEXT', 'query', 'QUERY'],
  text: ['text_output', 'generated_text', 'OUTPUT_TEXT', 'completion', 'text', 'TEXT'],
  embedding: ['embedding', 'embeddings', 'sentence_embedding', 'EMBEDDING', 'EMBEDDINGS'],
  max_tokens: ['max_tokens', 'max_new_tokens', 'max_output_len', 'request_output_len'],
  stop: ['stop_words', 'stop_words_list', 'stop_sequences'],
  seed: ['seed', 'random_seed'],
  repetition_penalty: ['repetition_penalty', 'repeat_penalty'],
  top_k: ['top_k', 'runtime_top_k'],
  top_p: ['top_p', 'runtime_top_p'],
}

const vectorTypes: ReadonlySet<string> = new Set(['FP16', 'BF16', 'FP32', 'FP64'])

/** Throws OPERATION_UNSUPPORTED, naming those there are, for a name of the config that the model does not have. */
export const layoutOf = (facts: ModelFacts, names: TensorNames = {}): Layout => {
  const find = (tensors: readonly TensorFacts[], word: string): TensorFacts | undefined => {
    const given = names[word]
    if (given !== undefined)
      return tensors.find(({ name }) => name === given) ?? missing(tensors, word, given)
    const candidates = knownNames[word] ?? [word]
    const all = [...candidates, `sampling_param_${word}`]
    return all
      .map((name) => tensors.find((tensor) => tensor.name === name))
      .find((tensor) => tensor !== undefined)
  }
  const { inputs, outputs } = facts
  const prompt =
    find(inputs, 'prompt') ??
    onlyOne(inputs.filter(({ datatype, optional }) => datatype === 'BYTES' && !optional)) ??
    onlyOne(inputs.filter(({ datatype }) => datatype === 'BYTES'))
  const text =
    find(
      outputs.filter(({ datatype }) => datatype === 'BYTES'),
      'text',
    ) ?? onlyOne(outputs.filter(({ datatype }) => datatype === 'BYTES'))
  const vectors = outputs.filter(({ datatype }) => vectorTypes.has(datatype))
  // A model that gives text gives numbers beside it which are no vectors of the input.
  const embedding =
    names['embedding'] === undefined && text ? undefined : (find(vectors, 'embedding') ?? onlyOne(vectors))
  return {
    facts,
    ...(prompt?.datatype === 'BYTES' && { prompt }),
    ...(text && { text }),
    ...(embedding && { embedding }),
    named: (word) => find(inputs, word),
    output: (name) => outputs.find((tensor) => tensor.name === (names[name] ?? name)),
  }
}

const onlyOne = <T>(list: readonly T[]): T | undefined => (list.length === 1 ? list[0] : undefined)

const missing = (tensors: readonly TensorFacts[], word: string, given: string): never => {
  const there = tensors.map(({ name }) => name).join(', ') || 'none'
  throw new McpdError(
    'OPERATION_UNSUPPORTED',
    `The model has no tensor "${given}", which the config names as its ${word}; it has ${there}.`,
    { suggestions: [`Correct tensors.${word} of the model in the backend's entry of the config.`] },
  )
}
