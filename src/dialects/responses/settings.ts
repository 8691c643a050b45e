import { isRecord } from '../wire.ts'
import { conversationIdOf, responseIdOf } from './ids.ts'
import type { ResponseBody as RequestBody } from './request-schemas.ts'
import type { ResponseSettings } from './response-schemas.ts'

/** Where a response goes on. */
export interface Origin {
  readonly context?: string
  readonly previousTurn?: string
}

/** What a response says again of its request, which its schema has accepted. */
export const settingsOf = (request: RequestBody, { context, previousTurn }: Origin): ResponseSettings => ({
  background: false,
  conversation: context === undefined ? null : { id: conversationIdOf(context) },
  instructions: request.instructions ?? null,
  max_output_tokens: request.max_output_tokens ?? null,
  metadata: request.metadata ?? {},
  parallel_tool_calls: request.parallel_tool_calls ?? true,
  previous_response_id: previousTurn === undefined ? null : responseIdOf(previousTurn),
  reasoning: request.reasoning ?? null,
  store: request.store ?? true,
  temperature: request.temperature ?? null,
  text: { ...request.text, format: request.text?.format ?? { type: 'text' } },
  tool_choice: request.tool_choice ?? 'auto',
  tools: request.tools ?? [],
  top_p: request.top_p ?? null,
  truncation: request.truncation ?? 'disabled',
})

/** What settings are where nothing was said. */
const defaults = settingsOf({ model: '' }, {})

/** Bytes of settings that are kept with an answer, as JSON. */
const keptMaxBytes = 16 * 1024
/** What is left out first where they are larger: the client has them, and they are the same from turn to turn. */
const bulky = ['tools', 'instructions', 'text', 'tool_choice'] as const

/** Settings worth keeping with a stored answer: those that are not the defaults, within a bound. */
export const keptSettings = (settings: ResponseSettings): Readonly<Record<string, unknown>> => {
  const said = Object.entries(settings).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name as keyof ResponseSettings]),
  )
  const kept: Record<string, unknown> = Object.fromEntries(said)
  for (const name of bulky) if (Buffer.byteLength(JSON.stringify(kept)) > keptMaxBytes) delete kept[name]
  return kept
}

/** The settings of a stored answer; of one that came by another surface, the defaults. */
export const restoredSettings = (kept: unknown): ResponseSettings => {
  if (!isRecord(kept)) return defaults
  const known = Object.entries(kept).filter(([name]) => name in defaults)
  // Only what `keptSettings` wrote is read here.
  return { ...defaults, ...(Object.fromEntries(known) as Partial<ResponseSettings>) }
}
