import { rename, rm, writeFile } from 'node:fs/promises'
import { demoAnswers, demoJson } from './demo-text.ts'
import { learnVocabulary, type Vocabulary } from './demo-tokens.ts'
import { encodeGguf, type GgufTensor, type GgufValue } from './gguf.ts'

/**
 * The model that runs when nobody has brought one: what usually follows each token of a short text, as a GGUF of
 * about 1.5 MB. Token i is the i-th unit vector, attention and feed-forward add nothing, and row n of the output is
 * log P(n | i): an ordinary llama to the runtime, so everything around it is exercised for real.
 */

/** `general.name` of the file, by which the adapter knows it. */
export const demoModelName = 'mcpd-demo'

/** Q8_0 wants rows of a multiple of this; it is also the width of the blocks that add nothing. */
const rowStep = 32
const contextLength = 2048
/** How much of every distribution is the plain frequency of tokens, so that nothing is impossible. */
const smoothing = 0.02
/** One word of memory ends most sentences too early, and most answers after one of them: their ends count less. */
const endWeight = 0.5
/** The chat template ends with it, so what follows it is how answers begin. */
const opening = '\n'

const chatTemplate =
  "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"

/** `counts[current][next]` over the answers, each from the line break that opens it to the end of its turn. */
const countPairs = (vocabulary: Vocabulary): Float64Array[] => {
  const counts = vocabulary.tokens.map(() => new Float64Array(vocabulary.tokens.length))
  const { turnEnd } = vocabulary.controls
  const ends = new Set([turnEnd, ...vocabulary.encode('.')])
  for (const answer of [...demoAnswers.map((line) => opening + line), ...demoJson]) {
    const sequence = [...vocabulary.encode(answer), turnEnd]
    for (const [at, next] of sequence.slice(1).entries()) {
      const row = counts[sequence[at] ?? 0]
      if (row) row[next] = (row[next] ?? 0) + (ends.has(next) ? endWeight : 1)
    }
  }
  return counts
}

/** One column per token and what it takes to fill the last block. */
const widthOf = ({ tokens }: Vocabulary): number => Math.ceil(tokens.length / rowStep) * rowStep

/** Values of the output matrix: row `next`, column `current`. */
const logProbabilities = (vocabulary: Vocabulary): Float32Array => {
  const size = vocabulary.tokens.length
  const width = widthOf(vocabulary)
  const counts = countPairs(vocabulary)
  const frequency = new Float64Array(size).fill(0.01)
  for (const row of counts)
    for (const [next, count] of row.entries()) frequency[next] = (frequency[next] ?? 0) + count
  const all = frequency.reduce((sum, count) => sum + count, 0)
  const values = new Float32Array(size * width)
  for (const [current, row] of counts.entries()) {
    const total = row.reduce((sum, count) => sum + count, 0)
    const share = total === 0 ? 1 : smoothing
    for (const [next, count] of row.entries()) {
      const seen = total === 0 ? 0 : count / total
      values[next * width + current] = Math.log((1 - share) * seen + (share * (frequency[next] ?? 0)) / all)
    }
  }
  return values
}

const unitVectors = (size: number, width: number): Float32Array => {
  const values = new Float32Array(size * width)
  for (let at = 0; at < size; at++) values[at * width + at] = 1
  return values
}

const tensors = (vocabulary: Vocabulary): GgufTensor[] => {
  const size = vocabulary.tokens.length
  const width = widthOf(vocabulary)
  const matrix = (name: string, columns: number, rows: number, values?: Float32Array): GgufTensor => ({
    name,
    columns,
    rows,
    format: 'q8',
    values: values ?? new Float32Array(columns * rows),
  })
  const norm = (name: string, value: number): GgufTensor => ({
    name,
    columns: width,
    rows: 1,
    format: 'f32',
    values: new Float32Array(width).fill(value),
  })
  return [
    matrix('token_embd.weight', width, size, unitVectors(size, width)),
    norm('blk.0.attn_norm.weight', 1),
    matrix('blk.0.attn_q.weight', width, rowStep),
    matrix('blk.0.attn_k.weight', width, rowStep),
    matrix('blk.0.attn_v.weight', width, rowStep),
    matrix('blk.0.attn_output.weight', rowStep, width),
    norm('blk.0.ffn_norm.weight', 1),
    matrix('blk.0.ffn_gate.weight', width, rowStep),
    matrix('blk.0.ffn_up.weight', width, rowStep),
    matrix('blk.0.ffn_down.weight', rowStep, width),
    // The norm blows a unit vector up by the root of its length; this takes it back.
    norm('output_norm.weight', 1 / Math.sqrt(width)),
    matrix('output.weight', width, size, logProbabilities(vocabulary)),
  ]
}

const metadata = ({ tokens, merges, controls }: Vocabulary, width: number): Record<string, GgufValue> => {
  const number = (value: number): GgufValue => ({ type: 'u32', value })
  const string = (value: string): GgufValue => ({ type: 'string', value })
  const tokenTypes = tokens.map((_, id) => (id >= controls.endOfText ? 3 : 1))
  return {
    'general.architecture': string('llama'),
    'general.name': string(demoModelName),
    'llama.context_length': number(contextLength),
    'llama.embedding_length': number(width),
    'llama.block_count': number(1),
    'llama.feed_forward_length': number(rowStep),
    'llama.attention.head_count': number(1),
    'llama.attention.head_count_kv': number(1),
    'llama.attention.key_length': number(rowStep),
    'llama.attention.value_length': number(rowStep),
    'llama.attention.layer_norm_rms_epsilon': { type: 'f32', value: 1e-6 },
    'llama.rope.dimension_count': number(rowStep),
    // Embeddings are the mean over the tokens: what a text shares with another is the words they share.
    'llama.pooling_type': number(1),
    'tokenizer.ggml.model': string('gpt2'),
    'tokenizer.ggml.pre': string('gpt-2'),
    'tokenizer.ggml.tokens': { type: 'strings', value: tokens },
    'tokenizer.ggml.token_type': { type: 'i32s', value: tokenTypes },
    'tokenizer.ggml.merges': { type: 'strings', value: merges },
    'tokenizer.ggml.eos_token_id': number(controls.turnEnd),
    'tokenizer.ggml.padding_token_id': number(controls.endOfText),
    'tokenizer.chat_template': string(chatTemplate),
  }
}

/** The demo model's file: the same bytes each time, under 2 MB. */
export const buildDemoModel = (): Buffer => {
  const vocabulary = learnVocabulary([...demoAnswers, ...demoJson])
  return encodeGguf(metadata(vocabulary, widthOf(vocabulary)), tensors(vocabulary))
}

/** Writes the demo model to `path`, whole or not at all. */
export const writeDemoModel = async (path: string): Promise<void> => {
  const draft = `${path}.${process.pid}.tmp`
  try {
    await writeFile(draft, buildDemoModel())
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
