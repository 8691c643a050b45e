import { isObject } from '../../openapi/json.ts'
import { alternatives } from '../../openapi/schema/alternatives.ts'
import type { Operation } from '../api/operation.ts'
import { guardTokens, makeCall, writableMedia } from '../base-call.ts'
import { memberNames } from '../api/model-operation.ts'
import type { Call } from '../call.ts'
import { provide } from '../fixture.ts'
import { isSuccess, type Session } from '../session.ts'
import { perform } from '../perform.ts'
import { startStory, type Story } from '../story.ts'
import { intentOf } from './resource.ts'

/** Whether a body has a `stream` of true or false. */
export const canStream = (operation: Operation): boolean =>
  writableMedia(operation).some(({ view }) => memberNames(view).has('stream'))

/** A plain valid call that asks for a stream, with its usage where that can be asked for. */
const streamed = (session: Session, operation: Operation, isOn: boolean, choices = 1): Call => {
  const base =
    session.memory(operation).base ??
    makeCall(operation, {
      random: session.random,
      recipe: 'none',
      tokensMax: session.settings.tokensMax,
      identity: 'first',
    })
  const value = base.body?.value
  const media = writableMedia(operation)[0]
  if (!base.body || !isObject(value) || !media) return base
  const names = memberNames(media.view)
  const limit = ['max_tokens', 'max_completion_tokens'].find((name) => names.has(name))
  const canCount = alternatives(media.view).some(
    (one) => one.type === 'object' && one.properties.has('stream_options'),
  )
  const next = {
    ...value,
    stream: isOn,
    ...(choices > 1 && names.has('n') && { n: choices }),
    ...(limit !== undefined && { [limit]: Math.min(8, session.settings.tokensMax) }),
    ...(isOn && canCount && { stream_options: { include_usage: true } }),
  }
  return { ...base, body: { ...base.body, value: guardTokens(operation, next, session.settings.tokensMax) } }
}

/** A stream to its end, one that the client leaves, and a plain answer after it. */
export const stream = async (session: Session, operation: Operation): Promise<Story | undefined> => {
  if (!canStream(operation)) return undefined
  const story = startStory()
  const ask = async (call: Call, what: string, role: string, cutAfterBytes?: number) => {
    const { call: whole, bindings } = await provide(session, story, operation, call)
    return perform(
      session,
      story,
      { call: whole, bindings, role, intent: intentOf(what, 'unknown') },
      cutAfterBytes === undefined ? undefined : { cutAfterBytes },
    )
  }
  const whole = await ask(streamed(session, operation, true), 'a stream', 'case')
  if (!isSuccess(whole)) return story
  await ask(streamed(session, operation, true, 2), 'a stream of two answers', 'case')
  await ask(streamed(session, operation, true), 'a stream that the client leaves', 'setup', 1)
  await ask(streamed(session, operation, false), 'a plain answer after it', 'case')
  return story
}
