import { isObject, type Json, listAt, memberOf, objectAt, textAt } from '../../openapi/json.ts'
import type { Operation, ResponseContent } from '../api/operation.ts'
import type { Exchange } from '../exchange.ts'
import { anyItem, breachOf } from './schema.ts'
import type { Suspicion } from './suspicion.ts'

type Of = (check: Suspicion['check'], message: string, traits: string) => Suspicion

interface Framed {
  readonly items: readonly { readonly text: string; readonly name: string }[]
  /** What is wrong with the framing, if anything is. */
  readonly fault?: string
}

/** Events or lines: their framing, each against its schema, the end marker and what usage says. */
export const judgeStream = (
  operation: Operation,
  content: ResponseContent,
  exchange: Exchange,
  of: Of,
): readonly Suspicion[] => {
  const body = exchange.response?.body ?? ''
  const isEvents = content.type === 'text/event-stream'
  const framed = isEvents ? eventsOf(body) : linesOf(body)
  if (framed.fault !== undefined)
    return [
      of(
        'stream_conformance',
        `The stream is not framed as ${content.type}: ${framed.fault}.`,
        `framing ${framed.fault}`,
      ),
    ]
  const values: Json[] = []
  for (const { text } of framed.items) {
    if (text.trim() === '[DONE]') continue
    try {
      values.push(JSON.parse(text) as Json)
    } catch {
      if (!isEvents || content.itemView || /^\s*[{[]/.test(text))
        return [
          of('stream_conformance', `An item of the stream is no JSON: ${text.slice(0, 80)}`, 'item syntax'),
        ]
    }
  }
  const found: Suspicion[] = []
  const { itemView } = content
  if (itemView)
    for (const value of values) {
      const breach = breachOf(itemView, value) && breachOfItem(itemView, value, framed)
      if (!breach) continue
      found.push(
        of(
          'response_schema_conformance',
          `An item of the stream breaks its schema at ${anyItem(breach.pointer) || 'its root'}: ${breach.message} (${breach.keyword}).`,
          `item ${anyItem(breach.pointer)} ${breach.keyword}`,
        ),
      )
      break
    }
  return [...found, ...judgeEnd(framed, values, of), ...judgeUsage(operation, values, exchange, of)]
}

/** OpenAPI 3.2 has an item schema describe the data, or the whole event with `data` and `event`. */
const breachOfItem = (view: NonNullable<ResponseContent['itemView']>, value: Json, { items }: Framed) => {
  const asEvent = items.some(
    ({ text, name }) => !breachOf(view, { data: text, ...(name !== '' && { event: name }) }),
  )
  return asEvent ? undefined : breachOf(view, value)
}

const eventsOf = (body: string): Framed => {
  const items: { text: string; name: string }[] = []
  if (body !== '' && !/(\r\n\r\n|\n\n|\r\r)$/.test(body))
    return { items, fault: 'the last event has no blank line after it' }
  for (const block of body.split(/\r\n\r\n|\n\n|\r\r/)) {
    const data: string[] = []
    let name = ''
    for (const line of block.split(/\r\n|\n|\r/)) {
      if (line === '' || line.startsWith(':')) continue
      const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
      if (field === 'data') data.push(value)
      else if (field === 'event') name = value
      else if (field !== 'id' && field !== 'retry')
        return { items, fault: `a line begins with "${line.slice(0, 20).replaceAll(/\d/g, '#')}"` }
    }
    if (data.length > 0) items.push({ text: data.join('\n'), name })
  }
  return { items }
}

const linesOf = (body: string): Framed => ({
  items: body
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((text) => ({ text, name: '' })),
})

/** The two kinds of streams that say how they end: chunks of OpenAI and lines of Ollama. */
const judgeEnd = ({ items }: Framed, values: readonly Json[], of: Of): readonly Suspicion[] => {
  const hasError = values.some((value) => memberOf(value, 'error') !== undefined)
  if (hasError || items.length === 0) return []
  const isChunks = values.some(
    (value) =>
      /chunk|text_completion/.test(textAt(value, 'object') ?? '') &&
      Array.isArray(memberOf(value, 'choices')),
  )
  if (isChunks) {
    const done = items.findIndex(({ text }) => text.trim() === '[DONE]')
    if (done < 0) return [of('stream_conformance', 'The stream ends without [DONE].', 'no end marker')]
    if (done < items.length - 1)
      return [of('stream_conformance', 'The stream goes on after [DONE].', 'after the end marker')]
    const hasReason = values.some((value) =>
      listAt(value, 'choices').some((choice) => typeof memberOf(choice, 'finish_reason') === 'string'),
    )
    if (!hasReason) return [of('stream_conformance', 'No chunk has a finish_reason.', 'no finish reason')]
  }
  const dones = values.map((value) => memberOf(value, 'done')).filter((done) => typeof done === 'boolean')
  if (dones.length > 1 && dones.length === values.length) {
    if (dones.at(-1) !== true)
      return [of('stream_conformance', 'The last line does not say "done": true.', 'no end marker')]
    if (dones.indexOf(true) < dones.length - 1)
      return [of('stream_conformance', 'The stream goes on after "done": true.', 'after the end marker')]
  }
  return []
}

/** What usage says must add up, and stay within what was asked for. */
export const judgeUsage = (
  operation: Operation,
  values: readonly Json[],
  exchange: Exchange,
  of: Of,
): readonly Suspicion[] => {
  if (!operation.isModel) return []
  const usage = values
    .map((value) => objectAt(value, 'usage'))
    .findLast((each) => Object.keys(each).length > 0)
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = usage ?? {}
  const asked = requestOf(exchange)
  if (
    typeof prompt === 'number' &&
    typeof completion === 'number' &&
    typeof total === 'number' &&
    prompt + completion !== total
  )
    return [
      of(
        'stream_conformance',
        `usage says ${prompt} + ${completion} = ${total} tokens.`,
        'usage does not add up',
      ),
    ]
  // The newer name goes before the older one.
  const most = memberOf(asked, 'max_completion_tokens') ?? memberOf(asked, 'max_tokens')
  const made =
    typeof completion === 'number'
      ? completion
      : values.map((value) => memberOf(value, 'eval_count')).findLast((each) => typeof each === 'number')
  const limit = typeof most === 'number' ? most : memberOf(objectAt(asked, 'options'), 'num_predict')
  const choices = memberOf(asked, 'n')
  if (
    typeof made === 'number' &&
    typeof limit === 'number' &&
    // Below one token there is none to keep to; Ollama cuts fractions off, and 0 is no limit.
    limit >= 1 &&
    made > limit * (typeof choices === 'number' ? choices : 1)
  )
    return [
      of('token_cost', `${made} tokens were generated, and at most ${limit} asked for.`, 'over the limit'),
    ]
  const options = objectAt(asked, 'stream_options')
  const isStream = memberOf(asked, 'stream') === true
  if (
    isStream &&
    options['include_usage'] === true &&
    !usage &&
    values.some((value) => Array.isArray(memberOf(value, 'choices')))
  )
    return [of('stream_conformance', 'The usage that was asked for is missing.', 'no usage')]
  return []
}

const requestOf = ({ request }: Exchange): Json => {
  try {
    const value = JSON.parse(request.body ?? '') as Json
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}
