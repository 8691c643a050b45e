import { setTimeout as wait } from 'node:timers/promises'
import { alternatives } from '../../openapi/schema/alternatives.ts'
import type { View } from '../../openapi/schema/view.ts'
import type { Operation } from '../api/operation.ts'
import { isSuccess, type Session } from '../session.ts'
import type { Story } from '../story.ts'
import { act, type Resource, withThing } from './resource.ts'

/** Looks at a thing that moves on by itself; how long is waited between them doubles. */
const looksMax = 6
const firstWaitMs = 10

const moving = /^(status|state|phase|progress|stage|done|finished|completed)$/i

/** Whether what an operation reads moves on by itself: something is accepted for later, and has a state. */
export const movesOn = ({ reader }: Resource, operations: readonly Operation[]): boolean =>
  operations.some(({ method, responses }) => method === 'POST' && responses.has('202')) &&
  [...(reader.responses.get('200')?.content ?? [])].some(({ view }) => view !== undefined && hasState(view))

const hasState = (view: View): boolean =>
  alternatives(view).some(
    (one) => one.type === 'object' && [...one.properties.keys()].some((name) => moving.test(name)),
  )

/** Looks several times at what was accepted for later, then at what is below it: each answer is judged. */
export const poll = async (session: Session, resource: Resource): Promise<Story | undefined> => {
  const story = await withThing(session, resource)
  if (!story) return undefined
  for (let at = 0; at < looksMax && !session.signal.aborted; at++) {
    const exchange = await act(session, story, resource.reader, 'look', { what: `looks at it (${at + 1})` })
    if (!isSuccess(exchange)) return story
    await wait(firstWaitMs * 2 ** at, undefined, { signal: session.signal }).catch(() => undefined)
  }
  for (const child of resource.children)
    await act(session, story, child, 'look-below', { what: 'looks at what came of it', expect: 'unknown' })
  return story
}
