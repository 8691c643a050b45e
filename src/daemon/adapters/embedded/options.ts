import type { Static } from 'typebox'
import { Type } from '../../../core/schema.ts'

/** Sampling when the request does not say: usual values for local models, where llama.cpp's own binding would be greedy. */
export const samplingDefaults = { temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05 } as const

/** Everything of the embedded backend that has a limit and is not an option. */
export const limits = {
  /** Tokens of the prompt evaluated between two looks at the signal: what an abort waits for at most. */
  prefillTokens: 64,
  /** Tokens back from the current one that a penalty looks at. */
  penaltyTokens: 64,
  /** A model below this is all barriers between threads: it runs fastest on one. */
  smallModelBytes: 64 * 1024 * 1024,
  defaultContextLength: 4096,
  defaultParallel: 4,
  /** Requests that may wait inside; the backend's own `concurrency` and `queueMax` are met long before. */
  queueMax: 10_000,
} as const

export const embeddedOptions = Type.Object(
  {
    model: Type.String({ minLength: 1, description: 'Path of a GGUF file.' }),
    contextLength: Type.Optional(
      Type.Integer({
        minimum: 64,
        maximum: 1_048_576,
        description: `Tokens of context per sequence. Default: what the model was trained for, at most ${limits.defaultContextLength}.`,
      }),
    ),
    parallel: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 64,
        default: limits.defaultParallel,
        description: 'Answers generated at the same time; each takes the memory of one context.',
      }),
    ),
    threads: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 256,
        description:
          'Threads for computing. Default: the physical cores this process may use, less one for the daemon.',
      }),
    ),
  },
  { additionalProperties: false },
)

export type EmbeddedOptions = Static<typeof embeddedOptions>
