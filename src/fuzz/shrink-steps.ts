import { isList, isObject, type Json } from '../openapi/json.ts'
import { below } from '../openapi/pointer.ts'
import { isValidBody } from './base-call.ts'
import type { Binding, Scenario, Step } from './call.ts'
import { withPart } from './draw/draw.ts'
import type { Session } from './session.ts'

/** The scenario without a step each, the last first: one that nothing refers to. `judged` is the step that shows the fault. */
export const fewerSteps = function* ({ kind, steps }: Scenario, judged: number): Generator<Scenario> {
  if (judged < steps.length - 1) yield { kind, steps: steps.slice(0, judged + 1) }
  for (let at = steps.length - 1; at >= 0; at--) {
    if (at === judged || steps.some((step) => refersTo(step, at))) continue
    yield { kind, steps: steps.filter((_, index) => index !== at).map((step) => renumbered(step, at)) }
  }
}

const followed = (step: Step): number => Number(/^location:(\d+)$/.exec(step.call.target ?? '')?.[1] ?? -1)

const refersTo = (step: Step, at: number): boolean =>
  step.bindings.some(({ from }) => from.step === at) || followed(step) === at

/** The step as it is when an earlier one is gone. */
const renumbered = (step: Step, gone: number): Step => {
  const bindings = step.bindings.map((binding): Binding =>
    binding.from.step > gone
      ? { ...binding, from: { ...binding.from, step: binding.from.step - 1 } }
      : binding,
  )
  const follows = followed(step)
  return {
    ...step,
    bindings,
    ...(follows > gone && { call: { ...step.call, target: `location:${follows - 1}` } }),
  }
}

/**
 * The scenario with one part less in the body of a step each, and in all steps that send the same. What was valid stays
 * valid, and what was not stays invalid.
 */
export const smallerBodies = function* (session: Session, { kind, steps }: Scenario): Generator<Scenario> {
  const seen = new Set<string>()
  for (const { call, bindings, intent } of steps) {
    const media = session.api.byKey
      .get(call.operation)
      ?.body?.media.find(({ type }) => type === call.body?.mediaType)
    const value = call.body?.value
    const name = `${call.operation} ${JSON.stringify(value)}`
    if (!media || value === undefined || seen.has(name)) continue
    seen.add(name)
    const wasValid = isValidBody(media, value)
    const fixed = [
      ...bindings.filter(({ into }) => into.in === 'body').map(({ into }) => into.pointer),
      ...(intent.subject?.in === 'body' ? [intent.subject.pointer] : []),
    ]
    for (const pointer of partsOf(value, '', 0)) {
      if (fixed.some((each) => each === pointer || each.startsWith(`${pointer}/`))) continue
      const rest = withPart(value, pointer, undefined)
      if (rest === undefined || isValidBody(media, rest) !== wasValid) continue
      const without = (step: Step): Step =>
        step.call.operation === call.operation &&
        JSON.stringify(step.call.body?.value) === JSON.stringify(value)
          ? { ...step, call: { ...step.call, body: { mediaType: media.type, value: rest } } }
          : step
      yield { kind, steps: steps.map(without) }
    }
  }
}

/** Pointers to members and items, three deep. */
export const partsOf = (value: Json, pointer: string, depth: number): readonly string[] => {
  if (depth > 2) return []
  const members: readonly (readonly [string | number, Json])[] = isList(value)
    ? [...value.entries()].slice(0, 20)
    : isObject(value)
      ? Object.entries(value)
      : []
  return members.flatMap(([name, member]) => [
    below(pointer, name),
    ...partsOf(member, below(pointer, name), depth + 1),
  ])
}
