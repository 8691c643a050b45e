import type { Operation } from '../api/operation.ts'
import { freshCall, makeCall, recipes } from '../base-call.ts'
import type { Call, Intent, Step } from '../call.ts'
import { type Provided, provide, rebind } from '../fixture.ts'
import { dataRefusals } from '../judge/contrast.ts'
import { judge } from '../judge/judge.ts'
import { refusalSign } from '../judge/masked.ts'
import type { Exchange } from '../exchange.ts'
import { isSuccess, jsonOf, type Session, statusOf } from '../session.ts'
import { perform } from '../perform.ts'
import { continueStory, startStory, type Story } from '../story.ts'
import { repaired } from '../learn/repair.ts'
import { isAboutOthers } from '../judge/relations.ts'
import type { Case } from './cases.ts'

/** The cases of one operation, with what they refer to kept ready. */
export interface Lane {
  readonly operation: Operation
  /** What cases are changes of: taken by the target, or the best that was found. */
  readonly base: Call
  /** Whether the base was answered 2xx. */
  readonly isTaken: boolean
  run(each: Case): Promise<void>
  /** Looks once more at valid data that was refused; by now it is known how the target refuses data. */
  settle(): Promise<void>
}

/** After so many cases the things they refer to are made anew. */
const usesMax = 60
const refusedMax = 400

/** Whether a success uses up what it is about. */
const consumes = ({ method, path }: Operation): boolean =>
  method === 'DELETE' || (method === 'POST' && /\}\/[^{}]+$/.test(path))

export const openLane = async (session: Session, operation: Operation): Promise<Lane> => {
  const { base, isTaken } = await findBase(session, operation)
  let story: Promise<Story> | undefined
  let uses = 0
  const refused: Case[] = []
  const isUsedUp = consumes(operation)

  const fixture = async (own: boolean): Promise<Story> => {
    if (own) return makeFixture(session, operation, base)
    if (!story || ++uses > usesMax) {
      uses = 0
      story = makeFixture(session, operation, base)
    }
    return continueStory(await story)
  }

  const run = async (each: Case): Promise<void> => {
    const { intent } = each
    const beginning = await fixture(isUsedUp && intent.expect !== 'invalid' && isTaken)
    const exchange = await takeCase(session, operation, beginning, each)
    const status = statusOf(exchange)
    if (intent.expect === 'valid' && isTaken) {
      if (status === 404 && operation.path.includes('{')) story = undefined
      if (dataRefusals.has(status) && intent.subject && refused.length < refusedMax) refused.push(each)
    }
    if (isSuccess(exchange) && operation.method === 'DELETE') story = undefined
    if (intent.expect === 'invalid' && dataRefusals.has(status))
      session.refusalSigns.add(refusalSign(status, jsonOf(exchange)))
    if (intent.expect !== 'invalid' && isSuccess(exchange)) await readBack(session, operation, beginning)
  }

  const settle = async (): Promise<void> => {
    for (const each of refused.splice(0)) {
      if (session.signal.aborted) return
      if (isAboutData(operation, each)) await contrast(session, operation, base, each)
    }
  }
  return { operation, base, isTaken, run, settle }
}

/** Valid calls, made in different ways until one is taken. */
const findBase = async (
  session: Session,
  operation: Operation,
): Promise<{ base: Call; isTaken: boolean }> => {
  const { random, settings } = session
  let base: Call | undefined
  let fallback: Call | undefined
  let wanted: Call | undefined
  let repairs = 0
  for (let at = 0; at < recipes.length;) {
    if (session.signal.aborted) break
    const recipe = recipes[at] ?? 'some'
    const story = startStory()
    const made =
      wanted ?? makeCall(operation, { random, recipe, tokensMax: settings.tokensMax, identity: 'first' })
    const { call, bindings } = await provide(session, story, operation, made)
    const how = wanted ? 'as a refusal asks for' : recipe
    const intent: Intent = { phase: session.phase, expect: 'valid', what: `a valid request (${how})` }
    const exchange = await perform(session, story, { call, bindings, intent, role: 'case' })
    await look(session, story)
    // What the target says is tried before another guess.
    wanted = repairs < repairsMax ? wish(session, operation, call, exchange) : undefined
    if (wanted) repairs++
    else at++
    base ??= call
    if (isSuccess(exchange)) {
      const taken = story.steps.at(-1)?.call ?? call
      session.memory(operation).base ??= taken
      // What cannot be read afterwards is no good beginning for anything else.
      if (
        operation.method === 'POST' &&
        at < recipes.length &&
        (await readBack(session, operation, story)) === 404
      ) {
        fallback ??= taken
        continue
      }
      session.memory(operation).base = taken
      return { base: taken, isTaken: true }
    }
    // The path that is asked for is not there, and no other body will change that.
    if (statusOf(exchange) === 404 && !operation.body && recipe !== 'all') break
  }
  if (fallback) return { base: fallback, isTaken: true }
  const last =
    base ?? makeCall(operation, { random, recipe: 'none', tokensMax: settings.tokensMax, identity: 'first' })
  return { base: last, isTaken: false }
}

/** What a refusal asks for is tried so often. */
const repairsMax = 6

const wish = (session: Session, operation: Operation, call: Call, exchange: Exchange): Call | undefined =>
  dataRefusals.has(statusOf(exchange))
    ? repaired(
        operation,
        call,
        { answer: jsonOf(exchange), body: exchange.response?.body ?? '' },
        session.random,
      )
    : undefined

/** Judges the last step of a story by itself, and the steps before it as its beginning. */
const look = (session: Session, story: Story, kind = 'single'): Promise<void> => {
  const scenario = { kind, steps: [...story.steps] }
  const exchanges = [...story.exchanges]
  return session.suspect(scenario, exchanges, judge(session, scenario, exchanges))
}

/** The header that a case is about. */
const headerOf = ({ subject }: Intent): string | undefined =>
  subject?.in === 'header' ? subject.name : undefined

const makeFixture = async (session: Session, operation: Operation, base: Call): Promise<Story> => {
  const story = startStory()
  await provide(session, story, operation, base)
  return story
}

const takeCase = async (session: Session, operation: Operation, story: Story, { call, intent }: Case) => {
  const kept = intent.subject?.in === 'body' ? [intent.subject.pointer] : []
  const isRaw = call.body?.raw !== undefined || call.target !== undefined
  const fresh =
    isRaw || operation.method === 'GET'
      ? call
      : freshCall(operation, call, session.random, kept, headerOf(intent))
  const { call: whole, bindings } = rebind(story, operation, fresh, intent.subject)
  const exchange = await perform(session, story, { call: whole, bindings, intent, role: 'case' })
  await look(session, story)
  return exchange
}

/** The status of reading what was written, 0 where it cannot be read. What was made of unusual data is read again: programs often break when they show what they have taken. */
const readBack = async (session: Session, operation: Operation, story: Story): Promise<number> => {
  if (operation.isModel || !/^(POST|PUT|PATCH)$/.test(operation.method)) return 0
  const reader = session.readers.get(operation.key)
  if (!reader) return 0
  const at = story.steps.length - 1
  const last = story.steps[at]
  if (!last) return 0
  // What was judged before is now only how it came about.
  story.steps[at] = { ...last, role: 'setup' }
  const step = await reader(story)
  if (!step) return 0
  const exchange = await perform(session, story, { ...step, role: 'read' })
  await look(session, story, 'lifecycle')
  return statusOf(exchange)
}

const transitional = /^(status|state|stage|phase)$/i

/** Whether a refusal can only be about the data: not about what it refers to, its neighbours, or where a thing stands. */
const isAboutData = ({ method }: Operation, { intent, call }: Case): boolean => {
  const { subject } = intent
  if (!subject || subject.in === 'path' || !['GET', 'POST', 'PUT', 'PATCH'].includes(method)) return false
  const name = subject.pointer === '' ? subject.name : (subject.pointer.split('/').at(-1) ?? '')
  if (/(^id|Id|_id|Ids|_ids|uuid|ref)$/.test(name)) return false
  // Only the target knows which of these there are.
  if (
    /cursor|token|^(after|before|marker|continuation|starting_?after|ending_?before)$|^(etag|if-)/i.test(name)
  )
    return false
  if (method !== 'POST' && method !== 'GET' && transitional.test(name)) return false
  return call.method === undefined
}

/** Takes the base and the case one after the other, each on things of its own. */
const contrast = async (
  session: Session,
  operation: Operation,
  base: Call,
  { call, intent }: Case,
): Promise<void> => {
  const story = startStory()
  const control = async (next: Call, role: string, why: Intent): Promise<number> => {
    story.made.clear()
    const provided: Provided = await provide(session, story, operation, next)
    const kept = why.subject?.in === 'body' ? [why.subject.pointer] : []
    const whole = rebind(
      story,
      operation,
      freshCall(operation, provided.call, session.random, kept, headerOf(why)),
      why.subject,
    )
    const exchange = await perform(session, story, {
      call: whole.call,
      bindings: whole.bindings,
      intent: why,
      role,
    })
    if (
      role === 'case' &&
      dataRefusals.has(statusOf(exchange)) &&
      (!isKnownRefusal(session, refusalSign(statusOf(exchange), jsonOf(exchange))) ||
        isAboutOthers(operation, why.subject, exchange))
    )
      return 0
    return statusOf(exchange)
  }
  const status = await control(base, 'control', {
    phase: intent.phase,
    expect: 'valid',
    what: 'the same with another value',
  })
  if (status < 200 || status > 299) return
  if ((await control(call, 'case', intent)) !== 0) await look(session, story, 'contrast')
}

/** Only what the target says of invalid data too is taken as a refusal of the data. */
const isKnownRefusal = (session: Session, sign: string): boolean =>
  session.refusalSigns.size === 0 || session.refusalSigns.has(sign)

export type Reader = (story: Story) => Promise<Step | undefined>
