import type { Operation } from '../api/operation.ts'
import { oneOf } from '../draw/random.ts'
import { freshCall, makeCall } from '../base-call.ts'
import { rebind } from '../fixture.ts'
import type { Session } from '../session.ts'
import { perform } from '../perform.ts'
import type { Story } from '../story.ts'
import { intentOf, type Resource, withThing } from './resource.ts'

const stepsMax = 6

/** Something is made, and then anything that may be done to it is, in any order; each answer is judged. */
export const walk = async (session: Session, resource: Resource): Promise<Story | undefined> => {
  const story = await withThing(session, resource)
  if (!story) return undefined
  const { random, settings, operations } = session
  const near = operations.filter(
    ({ path, isModel }) =>
      !isModel &&
      (path.startsWith(resource.path) || path === resource.path.slice(0, resource.path.lastIndexOf('/'))),
  )
  for (let at = 0; at < stepsMax && !session.signal.aborted; at++) {
    const operation: Operation | undefined = oneOf(random, near)
    if (!operation) break
    const base = session.memory(operation).base
    const made =
      base && random() < 0.5
        ? freshCall(operation, base, random, [])
        : makeCall(operation, { random, recipe: 'some', tokensMax: settings.tokensMax, identity: 'first' })
    const { call, bindings } = rebind(story, operation, made, undefined)
    await perform(session, story, {
      call,
      bindings,
      role: 'walk',
      intent: intentOf('one of many steps', 'unknown'),
    })
  }
  return story
}
