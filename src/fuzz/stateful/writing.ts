import { isObject, type Json, type JsonObject } from '../../openapi/json.ts'
import type { Operation } from '../api/operation.ts'
import { makeCall } from '../base-call.ts'
import type { Call, Step } from '../call.ts'
import type { Exchange } from '../exchange.ts'
import { rebind } from '../fixture.ts'
import { jsonOf, type Session } from '../session.ts'
import { perform } from '../perform.ts'
import type { Story } from '../story.ts'
import { intentOf } from './resource.ts'

/** The body of a step, where it is an object. */
export const bodyOf = (step: Step | undefined): JsonObject => {
  const value = step?.call.body?.value
  return isObject(value) ? value : {}
}

/** The thing itself, out of what wraps it. */
export const thingIn = (
  exchange: Exchange | undefined,
  members: Iterable<string>,
): JsonObject | undefined => {
  const answer = jsonOf(exchange)
  if (!isObject(answer)) return undefined
  const names = [...members]
  const fits = (value: Json): number =>
    isObject(value) ? names.filter((name) => Object.hasOwn(value, name)).length : -1
  const inner = Object.values(answer).find((value) => fits(value) > fits(answer))
  return isObject(inner) ? inner : answer
}

/** Takes a writing step. */
export const write = (
  session: Session,
  story: Story,
  operation: Operation,
  role: string,
  what: string,
  make: () => Call,
  expect: 'valid' | 'unknown' = 'valid',
): Promise<Exchange> => {
  const { call, bindings } = rebind(story, operation, make(), undefined)
  return perform(session, story, { call, bindings, role, intent: intentOf(what, expect) })
}

/** A valid call of the first identity. */
export const made = (session: Session, operation: Operation, recipe: 'none' | 'all'): Call =>
  makeCall(operation, {
    random: session.random,
    recipe,
    tokensMax: session.settings.tokensMax,
    identity: 'first',
  })
