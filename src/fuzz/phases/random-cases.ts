import fc from 'fast-check'
import { isObject, type Json } from '../../openapi/json.ts'
import { valueAt } from '../../openapi/pointer.ts'
import type { MediaType, Operation, Parameter } from '../api/operation.ts'
import { guardTokens, isValidBody, writableMedia } from '../base-call.ts'
import type { Call, Expectation, Intent, Subject } from '../call.ts'
import { arbitraryOf } from '../draw/arbitrary.ts'
import { mutate } from '../draw/mutate.ts'
import { createRandom, oneOf, type Random } from '../draw/random.ts'
import type { Session } from '../session.ts'
import { withValue } from '../perform.ts'
import { acceptsParameter, travels } from '../wire/readings.ts'
import { type Case, isOpaque } from './cases.ts'

/** Values drawn at a time: fast-check is asked for many at once. */
const batch = 32
/** Model endpoints cost, and are asked for little. */
const modelExamplesMax = 10

/** Random valid calls and, as often, calls with one thing wrong; as many as the run may make. */
export const randomCases = function* (session: Session, operation: Operation, base: Call): Generator<Case> {
  const { settings } = session
  const random = createRandom(settings.seed, operation.key)
  const draw = drawer(random)
  const most = operation.isModel ? Math.min(modelExamplesMax, settings.examplesMax) : settings.examplesMax
  const media = writableMedia(operation)[0]
  const canVary = operation.parameters.some((each) => each.in !== 'path') || media !== undefined
  for (let at = 0; at < (canVary ? most : Math.min(most, 10)); at++) {
    const valid = validCall(session, operation, base, media, draw, random)
    const wrong = at % 2 === 1 ? wrongCall(session, operation, valid, media, random) : undefined
    yield (
      wrong ?? { intent: { phase: 'random', expect: 'unknown', what: 'random valid values' }, call: valid }
    )
  }
}

type Drawer = (parameter: Parameter | MediaType) => Json | undefined

const drawer = (random: Random): Drawer => {
  const waiting = new Map<object, Json[]>()
  return (from) => {
    const known = waiting.get(from)
    if (known && known.length > 0) return known.pop()
    try {
      const values = fc.sample(arbitraryOf(from.view), {
        numRuns: batch,
        seed: Math.floor(random() * 2 ** 31),
      })
      waiting.set(from, values)
      return values.pop()
    } catch {
      // A schema that no generator can read still has its deterministic cases.
      return undefined
    }
  }
}

const validCall = (
  session: Session,
  operation: Operation,
  base: Call,
  media: MediaType | undefined,
  draw: Drawer,
  random: Random,
): Call => {
  let call = base
  for (const parameter of operation.parameters) {
    const { in: place, name, required } = parameter
    if (place === 'path') continue
    if (!required && random() < 0.5) {
      call = withValue(call, { in: place, name, pointer: '' }, undefined)
      continue
    }
    const value = draw(parameter)
    if (value !== undefined && value !== null && acceptsParameter(parameter, value) && travels(place, value))
      call = withValue(call, { in: place, name, pointer: '' }, value)
  }
  if (!media || !base.body) return call
  const value = draw(media)
  const isTaken = value !== undefined && isValidBody(media, value)
  if (!isTaken) return call
  // Members of a call that is known to be taken keep what the schema does not say about them.
  const mixed =
    isObject(value) && isObject(base.body.value) && random() < 0.5
      ? { ...base.body.value, ...pick(value, random) }
      : value
  return {
    ...call,
    body: {
      mediaType: media.type,
      value: guardTokens(operation, isValidBody(media, mixed) ? mixed : value, session.settings.tokensMax),
    },
  }
}

const pick = (value: { readonly [name: string]: Json }, random: Random): Record<string, Json> =>
  Object.fromEntries(Object.entries(value).filter(() => random() < 0.4))

/** The call with one thing changed; what the change makes of it is looked at on the wire form. */
const wrongCall = (
  session: Session,
  operation: Operation,
  call: Call,
  media: MediaType | undefined,
  random: Random,
): Case | undefined => {
  const intentOf = (expect: Expectation, what: string, subject: Subject): Intent => ({
    phase: 'random',
    expect,
    what,
    subject,
  })
  const parameters = operation.parameters.filter(
    (each) => each.in !== 'path' && call[each.in][each.name] !== undefined,
  )
  const parameter = random() < (media ? 0.3 : 1) ? oneOf(random, parameters) : undefined
  if (parameter) {
    const { in: place, name } = parameter
    const mutation = mutate(call[place][name] ?? null, random)
    if (
      !mutation ||
      isObject(mutation.value) ||
      mutation.value === null ||
      mutation.value === '' ||
      !travels(place, mutation.value)
    )
      return undefined
    const isNumber = typeof mutation.value === 'number'
    const expect = isNumber || acceptsParameter(parameter, mutation.value) ? 'unknown' : 'invalid'
    return {
      intent: intentOf(expect, mutation.what, {
        in: place,
        name,
        pointer: mutation.pointer,
        keyword: 'random',
      }),
      call: withValue(call, { in: place, name, pointer: '' }, mutation.value),
    }
  }
  const value = call.body?.value
  if (!media || value === undefined || /^(GET|HEAD|DELETE)$/.test(operation.method)) return undefined
  const mutation = mutate(value, random)
  if (!mutation) return undefined
  const guarded = guardTokens(operation, mutation.value, session.settings.tokensMax)
  // Bounds of numbers are looked at in the coverage phase: some of them only a format implies.
  const isNumber = typeof valueAt(guarded, mutation.pointer) === 'number'
  const expect = isNumber || isOpaque(media.type) || isValidBody(media, guarded) ? 'unknown' : 'invalid'
  return {
    intent: intentOf(expect, mutation.what, {
      in: 'body',
      name: '',
      pointer: mutation.pointer,
      keyword: 'random',
    }),
    call: { ...call, body: { mediaType: media.type, value: guarded } },
  }
}
