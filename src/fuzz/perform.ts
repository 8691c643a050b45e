import type { Json } from '../openapi/json.ts'
import { valueAt } from '../openapi/pointer.ts'
import type { Binding, Call, Step, Values } from './call.ts'
import { withPart } from './draw/draw.ts'
import type { Exchange } from './exchange.ts'
import { jsonOf, type SendOptions, type Session } from './session.ts'
import type { Story } from './story.ts'

/** Takes a step: fills in what comes out of earlier ones, sends it, keeps the answer. */
export const perform = async (
  session: Session,
  story: Story,
  step: Step,
  options?: SendOptions,
): Promise<Exchange> => {
  const call = located(bound(step.call, step.bindings, story), story, session.settings.url)
  const exchange = await session.send(call, options)
  story.steps.push({
    ...step,
    call: step.call.target?.startsWith('location:') ? { ...call, target: step.call.target } : call,
  })
  story.exchanges.push(exchange)
  const operation = session.api.byKey.get(call.operation)
  const spent = session.spent.get(step.intent.phase) ?? { requests: 0, elapsedMs: 0 }
  session.spent.set(step.intent.phase, {
    requests: spent.requests + 1,
    elapsedMs: spent.elapsedMs + exchange.timings.totalMs,
  })
  if (operation) session.coverage.note(operation, step.intent, call, exchange)
  return exchange
}

/** A target written `location:2` is what Location of that step's answer leads to. */
const located = (call: Call, story: Story, base: URL): Call => {
  const at = /^location:(\d+)$/.exec(call.target ?? '')?.[1]
  if (at === undefined) return call
  const exchange = story.exchanges[Number(at)]
  const written = exchange?.response?.headers['location'] ?? ''
  if (!exchange || !URL.canParse(written, exchange.request.url)) return { ...call, target: '/' }
  const { pathname, search } = new URL(written, exchange.request.url)
  const root = base.pathname.replace(/\/$/, '')
  const isBelow = root === '' || pathname.startsWith(`${root}/`)
  return { ...call, target: isBelow ? pathname.slice(root.length) + search : `//${pathname}${search}` }
}

/** What a binding brings, or undefined where the earlier answer has nothing there. */
export const sourceValue = (
  story: Pick<Story, 'steps' | 'exchanges'>,
  from: Binding['from'],
): Json | undefined => {
  const exchange = story.exchanges[from.step]
  const step = story.steps[from.step]
  if (from.in === 'location') return lastSegment(exchange?.response?.headers['location'])
  if (from.in === 'answer') {
    const answer = jsonOf(exchange)
    return answer === undefined ? undefined : valueAt(answer, lastOfLists(answer, from.pointer))
  }
  if (!step) return undefined
  const body = step.call.body?.value
  return (
    (body === undefined ? undefined : valueAt(body, from.pointer)) ?? step.call.path[from.pointer.slice(1)]
  )
}

/** Lists may be shorter when the steps are taken again. */
const lastOfLists = (answer: Json, pointer: string): string => {
  if (valueAt(answer, pointer) !== undefined) return pointer
  return pointer.replaceAll(/\/\d+(?=\/|$)/g, '/0')
}

/** The last part of the path that `Location` leads to. */
export const lastSegment = (location: string | undefined): string | undefined => {
  const part = location?.split(/[?#]/)[0]?.replace(/\/$/, '').split('/').at(-1)
  if (part === undefined || part === '') return undefined
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

export const bound = (
  call: Call,
  bindings: readonly Binding[],
  story: Pick<Story, 'steps' | 'exchanges'>,
): Call => {
  let next = call
  for (const { into, from } of bindings) {
    const value = sourceValue(story, from)
    if (value !== undefined) next = withValue(next, into, value)
  }
  return next
}

/** The call with one of its values replaced, or left out. */
export const withValue = (call: Call, into: Binding['into'], value: Json | undefined): Call => {
  if (into.in === 'body') {
    if (!call.body || call.body.raw !== undefined) return call
    const whole = withPart(call.body.value, into.pointer, value)
    const { value: _, ...rest } = call.body
    return { ...call, body: whole === undefined ? rest : { ...rest, value: whole } }
  }
  const values: Values = call[into.in]
  const whole = withPart(values[into.name], into.pointer, value)
  const { [into.name]: _, ...rest } = values
  return { ...call, [into.in]: whole === undefined ? rest : { ...rest, [into.name]: whole } }
}
