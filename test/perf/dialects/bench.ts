import type { InferenceEvent } from '../../../src/core/inference.ts'
import { decodeStream as fromAnthropic } from '../../../src/dialects/anthropic/stream-decoder.ts'
import { streamEncoder as toAnthropic } from '../../../src/dialects/anthropic/stream-encoder.ts'
import { decodeStream as fromOllama } from '../../../src/dialects/ollama/stream-decoder.ts'
import { streamEncoder as toOllama } from '../../../src/dialects/ollama/stream-encoder.ts'
import { decodeStream as fromOpenAi } from '../../../src/dialects/openai/stream-decoder.ts'
import { streamEncoder as toOpenAi } from '../../../src/dialects/openai/stream-encoder.ts'
import { decodeStream as fromTgi } from '../../../src/dialects/tgi/stream-decoder.ts'
import { streamEncoder as toTgi } from '../../../src/dialects/tgi/stream-encoder.ts'
import { words } from '../../../fixtures/openai-stand-in/answers.ts'

/**
 * CPU time that a chunk costs to be translated from one dialect into another: decoding and encoding alone, without
 * HTTP. `node test/perf/dialects/bench.ts` prints a row per pair.
 */

const tokens = 2000
const rounds = 30
const warmups = 10

interface Dialect {
  readonly encoder: () => { encode(event: InferenceEvent): Buffer | undefined }
  readonly decode: (source: AsyncIterable<Buffer>) => AsyncIterable<InferenceEvent>
}

const measured = () => ({ totalMs: 1, promptMs: 1, generateMs: 1 })
const dialects: Readonly<Record<string, Dialect>> = {
  openai: {
    encoder: () =>
      toOpenAi({ operation: 'chat', id: 'c', model: 'm', createdSeconds: 1, includeUsage: true }),
    decode: (source) => fromOpenAi('chat', source),
  },
  ollama: {
    encoder: () => toOllama({ form: 'chat', id: 'c', model: 'm', createdAt: () => '', measured }),
    decode: (source) => fromOllama('chat', source, { id: 'c' }),
  },
  anthropic: {
    encoder: () => toAnthropic({ id: 'c', model: 'm', requestId: 'r' }),
    decode: (source) => fromAnthropic(source),
  },
  tgi: {
    encoder: () => toTgi(),
    decode: (source) => fromTgi(source, { model: 'm', logprobs: false }),
  },
}

const events: readonly InferenceEvent[] = [
  { type: 'start', model: 'm', id: 'c' },
  ...words(tokens)
    .split(' ')
    .map((word): InferenceEvent => ({ type: 'text-delta', index: 0, text: ` ${word}` })),
  { type: 'finish', index: 0, reason: 'stop' },
  { type: 'usage', usage: { inputTokens: 10, outputTokens: tokens } },
  { type: 'end' },
]

const chunksOf = ({ encoder }: Dialect): readonly Buffer[] => {
  const encoding = encoder()
  return events.flatMap((event) => encoding.encode(event) ?? [])
}

const translate = async (chunks: readonly Buffer[], from: Dialect, to: Dialect): Promise<number> => {
  const encoding = to.encoder()
  let bytes = 0
  async function* source() {
    yield* chunks
  }
  for await (const event of from.decode(source())) bytes += encoding.encode(event)?.length ?? 0
  return bytes
}

for (const [from, decoding] of Object.entries(dialects)) {
  const chunks = chunksOf(decoding)
  for (const [to, encoding] of Object.entries(dialects)) {
    if (to === 'tgi') continue
    for (let round = 0; round < warmups; round += 1) await translate(chunks, decoding, encoding)
    const before = process.cpuUsage()
    for (let round = 0; round < rounds; round += 1) await translate(chunks, decoding, encoding)
    const { user, system } = process.cpuUsage(before)
    const microseconds = (user + system) / rounds / chunks.length
    process.stdout.write(`| ${from} | ${to} | ${microseconds.toFixed(1)} µs |\n`)
  }
}
