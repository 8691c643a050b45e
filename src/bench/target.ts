/** The wire forms that can be measured, each named after an API and what is asked of it. */
export const wireNames = [
  'openai-chat',
  'openai-complete',
  'openai-embed',
  'ollama-chat',
  'ollama-complete',
  'ollama-embed',
  'native-chat',
  'native-complete',
  'native-embed',
] as const
export type WireName = (typeof wireNames)[number]

/**
 * Where texts can be counted: `server` is the route that vLLM and llama.cpp have beside their API, `daemon` an
 * operation of mcpd's own.
 */
interface Tokenizer {
  readonly url: string
  readonly form: 'server' | 'daemon'
}

/** Where requests go and how they look. Plain data: it goes to the measuring threads. */
export interface Target {
  /** What reports call it. */
  readonly label: string
  /** Base URL as the API has it: with /v1 for OpenAI, without a path for Ollama and for a daemon's own API. */
  readonly url: string
  readonly wire: WireName
  readonly model: string
  /** Sent as Bearer; never part of a report. */
  readonly apiKey?: string
  readonly stream: boolean
  /** Whether a stream is asked for its usage; servers that refuse stream_options need false. */
  readonly streamUsage: boolean
  /** Where its answers' texts can be counted, for a server that sends no usage. */
  readonly tokenizer?: Tokenizer
  /** Whether the texts of answers without usage are kept, to be counted after the run. */
  readonly keepTexts?: boolean
  /** Members that go into every request body as they are, such as `ignore_eos`. */
  readonly extra: Readonly<Record<string, unknown>>
}

export const operationOf = (wire: WireName): 'chat' | 'complete' | 'embed' =>
  wire.slice(wire.indexOf('-') + 1) as 'chat' | 'complete' | 'embed'
