import { valueAt } from '../openapi/pointer.ts'
import type { Operation } from './api/operation.ts'
import type { Call, Scenario, Step } from './call.ts'
import { freshCall, isValidBody } from './base-call.ts'
import type { Exchange } from './exchange.ts'
import { judge } from './judge/judge.ts'
import type { Suspicion } from './judge/suspicion.ts'
import { isSuccess, type Session, statusOf } from './session.ts'
import { perform, withValue } from './perform.ts'
import { startStory } from './story.ts'

/** A scenario that was run again, with what it showed this time. */
export interface Rerun {
  readonly scenario: Scenario
  readonly exchanges: readonly Exchange[]
  readonly suspicions: readonly Suspicion[]
  /** Whether every step that was to make something did. */
  readonly isReady: boolean
}

/** Texts that make something are new each time, or what was made before would be in the way. */
const makes = (step: Step): boolean => step.role === 'setup' || step.role === 'control'
/** And so are those whose marks are looked for. */
const isFresh = (step: Step): boolean => makes(step) || /^(create|write|patch|put-.*)$/.test(step.role)

const keptOf = ({ bindings, intent }: Step): readonly string[] => [
  ...bindings.filter(({ into }) => into.in === 'body').map(({ into }) => into.pointer),
  ...(intent.subject?.in === 'body' ? [intent.subject.pointer] : []),
]

/** An invalid text with more letters, where it has to be unique besides; undefined where that would make it valid. */
const variedSubject = (session: Session, operation: Operation, step: Step): Step | undefined => {
  const { subject, expect } = step.intent
  const { body } = step.call
  const media = body && operation.body?.media.find(({ type }) => type === body.mediaType)
  if (!media || body.value === undefined || subject?.in !== 'body' || expect !== 'invalid') return undefined
  const text = valueAt(body.value, subject.pointer)
  if (typeof text !== 'string') return undefined
  const more = `${text}${Math.floor(session.random() * 36 ** 6).toString(36)}`
  const call = withValue(step.call, { in: 'body', name: '', pointer: subject.pointer }, more)
  return call.body?.value === undefined || isValidBody(media, call.body.value) ? undefined : { ...step, call }
}

/** Takes all steps again, from the first. */
export const rerun = async (session: Session, scenario: Scenario, signal?: AbortSignal): Promise<Rerun> => {
  const story = startStory()
  // What was sent twice is sent twice again.
  const renewed = new Map<string, Pick<Call, 'body' | 'header'>>()
  const renew = (operation: Operation, step: Step): Call => {
    const { subject } = step.intent
    const text = JSON.stringify([step.call.body ?? null, step.call.header])
    const { body, header } =
      renewed.get(text) ??
      freshCall(
        operation,
        step.call,
        session.random,
        keptOf(step),
        subject?.in === 'header' ? subject.name : undefined,
      )
    renewed.set(text, { ...(body && { body }), header })
    return { ...step.call, ...(body && { body }), header }
  }
  let isReady = true
  for (const step of scenario.steps) {
    const operation = session.api.byKey.get(step.call.operation)
    if (!operation) return { scenario, exchanges: [], suspicions: [], isReady: false }
    const again = (fresh: boolean): Step => (fresh ? { ...step, call: renew(operation, step) } : step)
    const isMade = isFresh(step) && operation.method !== 'GET'
    const options = signal ? { signal } : undefined
    let exchange = await perform(session, story, again(isMade), options)
    if (statusOf(exchange) === 409 && step.role === 'case' && step.intent.subject !== undefined) {
      story.steps.pop()
      story.exchanges.pop()
      exchange = await perform(session, story, again(true), options)
      const varied = statusOf(exchange) === 409 ? variedSubject(session, operation, step) : undefined
      if (varied) {
        story.steps.pop()
        story.exchanges.pop()
        exchange = await perform(session, story, { ...step, call: renew(operation, varied) }, options)
      }
    }
    if (makes(step) && !isSuccess(exchange)) {
      isReady = false
      break
    }
  }
  const performed = { ...scenario, steps: story.steps }
  return {
    scenario: performed,
    exchanges: story.exchanges,
    suspicions: isReady ? judge(session, performed, story.exchanges) : [],
    isReady,
  }
}

/** Sends what is judged once more, just as it was, on what is already there. */
export const resend = async (
  session: Session,
  scenario: Scenario,
  exchanges: readonly Exchange[],
): Promise<Rerun> => {
  const steps = scenario.steps.map((step) => ({ ...step, bindings: [] }))
  const again: Exchange[] = []
  for (const [at, step] of steps.entries()) {
    const old = exchanges[at]
    again.push(step.role === 'setup' && old ? old : await session.send(step.call))
  }
  return {
    scenario,
    exchanges: again,
    suspicions: judge(session, { ...scenario, steps }, again),
    isReady: true,
  }
}
