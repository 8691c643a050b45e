import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import { unfold } from '../../core/fold.ts'
import type { InferenceEvent, InferenceResponse } from '../../core/inference.ts'

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

/** An event and the place of its frame; one that is `whole` stands for `response`. */
export type StoredEvent = readonly [event: { readonly type: string }, frame?: number]

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
  const answer = JSON.parse(bytes.toString()) as Partial<StoredAnswer> | null
  if (typeof answer?.at !== 'number' || !Array.isArray(answer.response?.choices))
    throw new Error('What a cache holds is no answer.')
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
  for (const [event, place] of verbatim.events) {
    const frame = place === undefined ? undefined : frames[place]
    // It was one when it was stored.
    const said = event.type === 'whole' ? whole : (event as InferenceEvent)
    yield frame ? { ...said, frame } : said
  }
}
