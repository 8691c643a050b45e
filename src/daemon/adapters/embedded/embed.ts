import { McpdError } from '../../../core/errors.ts'
import type { EmbedInput } from '../../../core/inference.ts'
import { rawTokens } from './complete.ts'
import type { Job } from './generate.ts'
import type { Runtime } from './runtime.ts'

/** The same direction with length 1: llama.cpp's vectors have any length. */
const normalise = (vector: readonly number[]): number[] => {
  const length = Math.hypot(...vector)
  return length === 0 ? [...vector] : vector.map((value) => value / length)
}

/** Embeds each input; one vector of length 1 per input, in order. */
export const embed = async (runtime: Runtime, input: EmbedInput, job: Job): Promise<void> => {
  const { model, contextLength } = runtime
  const { dimensions } = input
  if (dimensions !== undefined && dimensions !== model.embeddingVectorSize)
    throw new McpdError(
      'BAD_REQUEST',
      `This model's embeddings have ${model.embeddingVectorSize} values and cannot be cut to ${dimensions}.`,
    )
  const release = await runtime.embeddingSlots.acquire(job.signal)
  try {
    const context = await runtime.embedding()
    const texts = input.inputs.map((text) => (typeof text === 'string' ? text : rawTokens(runtime, text)))
    const lengths = texts.map((text) => context.calculateInputLength(text))
    const tooLong = lengths.findIndex((length) => length >= contextLength)
    if (tooLong >= 0)
      throw new McpdError(
        'BAD_REQUEST',
        `Input ${tooLong} has ${lengths[tooLong]} tokens; this model takes at most ${contextLength - 1}.`,
        { suggestions: ['Cut the input into parts, or raise `contextLength` of the backend.'] },
      )
    job.emit({ type: 'start', model: runtime.modelName })
    const started = performance.now()
    for (const [index, text] of texts.entries()) {
      job.signal.throwIfAborted()
      const { vector } = await context.getEmbeddingFor(text)
      job.emit({ type: 'embedding', index, values: normalise(vector) })
    }
    const inputTokens = lengths.reduce((sum, length) => sum + length, 0)
    job.emit({ type: 'usage', usage: { inputTokens, outputTokens: 0 } })
    job.emit({ type: 'end', timings: { promptMs: performance.now() - started } })
  } finally {
    release()
  }
}
