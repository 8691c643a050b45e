import { isValidBody } from './base-call.ts'
import type { Binding, Scenario, Step } from './call.ts'
import { withPart } from './draw/draw.ts'
import type { Suspicion } from './judge/suspicion.ts'
import { rerun, type Rerun } from './reproduce.ts'
import type { Session } from './session.ts'
import { withValue } from './perform.ts'
import { fewerSteps, partsOf, smallerBodies } from './shrink-steps.ts'

/** Tries for one finding; each is a run of its whole scenario. */
const triesMax = 40
const shrinkMaxMs = 1500

/**
 * Leaves out whatever the fault does not need: steps, and parts of what they send. What was valid stays valid and what was invalid
 * stays invalid, or another fault would take its place.
 */
export const shrink = async (
  session: Session,
  found: Rerun,
  same: (suspicion: Suspicion) => boolean,
): Promise<Rerun> => {
  // Each try of what hangs would hang again.
  if (found.exchanges.some(({ failure }) => failure?.kind === 'timeout')) return found
  const endsAt = session.now() + shrinkMaxMs
  let best = found
  let tries = 0
  for (let changed = true; changed && tries < triesMax;) {
    changed = false
    const judged = best.suspicions.find(same)?.step ?? best.scenario.steps.length - 1
    for (const scenario of smaller(session, best.scenario, judged)) {
      if (tries++ >= triesMax || session.now() > endsAt || session.signal.aborted) return best
      const next = await rerun(session, scenario)
      if (!next.suspicions.some(same)) continue
      best = next
      changed = true
      break
    }
  }
  return best
}

/** The scenario without one thing each, what saves most first. */
const smaller = function* (session: Session, scenario: Scenario, judged: number): Generator<Scenario> {
  yield* fewerSteps(scenario, judged)
  if (scenario.kind === 'single') yield* smallerCase(session, scenario)
  else yield* smallerBodies(session, scenario)
}

/** The judged request without a parameter or a part of its body each. */
const smallerCase = function* (session: Session, scenario: Scenario): Generator<Scenario> {
  const at = scenario.steps.findIndex(({ role }) => role === 'case')
  const step = scenario.steps[at]
  const operation = step && session.api.byKey.get(step.call.operation)
  if (!step || !operation) return
  const subject = step.intent.subject
  const replaced = (next: Step): Scenario => ({
    ...scenario,
    steps: scenario.steps.map((each, index) => (index === at ? next : each)),
  })
  const without = (into: Binding['into'], bindings = step.bindings): Step => ({
    ...step,
    call: withValue(step.call, into, undefined),
    bindings: bindings.filter(
      ({ into: other }) =>
        !(
          other.in === into.in &&
          other.name === into.name &&
          (other.pointer === into.pointer || other.pointer.startsWith(`${into.pointer}/`))
        ),
    ),
  })
  for (const place of ['query', 'header', 'cookie'] as const)
    for (const name of Object.keys(step.call[place])) {
      const isRequired = operation.parameters.some(
        (each) => each.in === place && each.name === name && each.required,
      )
      const isSubject = subject?.in === place && subject.name === name
      if (!isRequired && !isSubject) yield replaced(without({ in: place, name, pointer: '' }))
    }
  const { body } = step.call
  const media = body && operation.body?.media.find(({ type }) => type === body.mediaType)
  if (!body || body.value === undefined || !media) return
  const wasValid = isValidBody(media, body.value)
  for (const pointer of partsOf(body.value, '', 0)) {
    if (subject?.in === 'body' && (subject.pointer === pointer || subject.pointer.startsWith(`${pointer}/`)))
      continue
    const rest = withPart(body.value, pointer, undefined)
    if (rest === undefined || isValidBody(media, rest) !== wasValid) continue
    // With another part gone it must still be this part that is wrong.
    yield replaced(without({ in: 'body', name: '', pointer }))
  }
}
