import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import { Type } from '../../core/schema.ts'
import { unfold } from '../../core/fold.ts'
import { checkLater } from '../../core/schema-check.ts'
import type { InferenceEvent, InferenceResponse } from '../../core/inference.ts'

/** What must hold of a text before anything of it is said: a server may have kept anything. */
const checkStored = checkLater(
  Type.Object({
    at: Type.Number(),
    adapter: Type.String(),
    backend: Type.String(),
    model: Type.String(),
    warnings: Type.Array(Type.String()),
    response: Type.Object({
      model: Type.String(),
      choices: Type.Array(
        Type.Object({
          index: Type.Integer(),
          text: Type.Union([Type.String(), Type.Null()]),
          finishReason: Type.String(),
        }),
      ),
      embeddings: Type.Optional(Type.Array(Type.Array(Type.Number()))),
      ranking: Type.Optional(Type.Array(Type.Object({ index: Type.Integer(), score: Type.Number() }))),
    }),
    verbatim: Type.Optional(
      Type.Object({
        dialect: Type.String(),
        frames: Type.Array(Type.String()),
        events: Type.Array(
          Type.Object({ said: Type.Object({ type: Type.String() }), frame: Type.Optional(Type.Integer()) }),
        ),
      }),
    ),
  }),
)

/** A complete answer and who gave it. */
export interface StoredAnswer {
  /** When it was given, in milliseconds since 1970. */
  readonly at: number
  readonly adapter: string
  readonly backend: string
  readonly model: string
  /** What its client was told of its request. */
  readonly warnings: readonly string[]
  readonly response: InferenceResponse
  /** Of an answer in the client's own dialect: what passes through byte for byte. */
  readonly verbatim?: {
    readonly dialect: string
    readonly frames: readonly string[]
    readonly events: readonly StoredEvent[]
  }
}

export interface StoredEvent {
  /** One that is `whole` stands for `response`. */
  readonly said: { readonly type: string }
  /** The place of its frame. */
  readonly frame?: number
}

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** Text that a cache takes. Undefined for one of more than so many bytes of JSON, or that JSON has no words for. */
export const packAnswer = async (answer: StoredAnswer, bodyMaxBytes: number): Promise<string | undefined> => {
  const json = JSON.stringify(answer)
  // A probability of nothing is an infinity, which would come out as null.
  if (json.includes('"logprob":null')) return undefined
  const bytes = Buffer.from(json)
  return bytes.length > bodyMaxBytes ? undefined : (await compress(bytes)).toString('base64')
}

/** Throws for what is no answer, as a server may have kept anything. */
export const unpackAnswer = async (text: string, bodyMaxBytes: number): Promise<StoredAnswer> => {
  const bytes = await decompress(Buffer.from(text, 'base64'), { maxOutputLength: bodyMaxBytes })
  const answer: unknown = JSON.parse(bytes.toString())
  if (!checkStored.Check(answer)) throw new Error('What a cache holds is no answer.')
  return answer as StoredAnswer
}

/** The answer as it was given; one that was translated comes as a stream or whole, as it is asked for. */
export function* replay({ response, verbatim }: StoredAnswer, stream: boolean): Generator<InferenceEvent> {
  const { usage } = response
  const whole: InferenceEvent = { type: 'whole', ...(usage && { usage }), response: () => response }
  if (!verbatim) {
    if (stream) yield* unfold(response)
    else yield whole
    return
  }
  const { dialect } = verbatim
  const frames = verbatim.frames.map((text) => ({ dialect, bytes: Buffer.from(text) }))
  for (const { said, frame: place } of verbatim.events) {
    const frame = place === undefined ? undefined : frames[place]
    // It was one when it was stored.
    const event = said.type === 'whole' ? whole : (said as InferenceEvent)
    yield frame ? { ...event, frame } : event
  }
}
