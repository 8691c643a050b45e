import { isList, type Json, memberOf, sameJson } from '../../openapi/json.ts'
import { alternatives } from '../../openapi/schema/alternatives.ts'
import { annotation, type View } from '../../openapi/schema/view.ts'
import type { Operation } from '../api/operation.ts'
import { isValidBody, writableMedia } from '../base-call.ts'
import type { Scenario } from '../call.ts'
import { typical } from '../draw/typical.ts'
import type { Exchange } from '../exchange.ts'
import type { Suspicion } from '../judge/suspicion.ts'
import { isSuccess, type Session, statusOf } from '../session.ts'
import type { Story } from '../story.ts'
import { act, type Resource, withThing, writableMembers } from './resource.ts'
import { bodyOf, made, thingIn, write } from './writing.ts'

/** PUT with all members, then with the required ones only: the others must not stay. */
export const replace = async (session: Session, resource: Resource): Promise<Story | undefined> => {
  const { put, reader } = resource
  const story = put && (await withThing(session, resource))
  if (!put || !story) return undefined
  await write(session, story, put, 'put-all', 'puts all members', () => made(session, put, 'all'))
  await act(session, story, reader, 'read-all', { what: 'reads them' })
  await write(session, story, put, 'put-least', 'puts required members only', () =>
    made(session, put, 'none'),
  )
  await act(session, story, reader, 'read-least', { what: 'reads what is left' })
  return story
}

export const judgeReplace = (
  session: Session,
  { steps }: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const at = (role: string): number => steps.findIndex((step) => step.role === role)
  const [all, readAll, least, readLeast] = [at('put-all'), at('read-all'), at('put-least'), at('read-least')]
  if (![all, readAll, least, readLeast].every((each) => isSuccess(exchanges[each]))) return []
  const operation = session.api.byKey.get(steps[all]?.call.operation ?? '')
  if (!operation) return []
  const members = writableMembers(operation)
  const lasting = requiredInAnswer(session.api.byKey.get(steps[readAll]?.call.operation ?? ''))
  const [before, after] = [
    thingIn(exchanges[readAll], members.keys()),
    thingIn(exchanges[readLeast], members.keys()),
  ]
  const [sentAll, sentLeast] = [bodyOf(steps[all]), bodyOf(steps[least])]
  if (!before || !after) return []
  const found: Suspicion[] = []
  const say = (name: string, message: string): void =>
    void found.push({
      check: 'put_replaces',
      operation: operation.key,
      step: readLeast,
      message,
      traits: 'replaces',
      marks: [],
    })
  for (const [name, view] of members) {
    const [old, now] = [memberOf(before, name), memberOf(after, name)]
    if (found.length > 0 || old === undefined) continue
    if (Object.hasOwn(sentLeast, name)) {
      // Changed by rule, as by trimming, is not what was there before.
      if (!sameJson(sentLeast[name], sentAll[name]) && sameJson(now, old) && !sameJson(now, sentLeast[name]))
        say(name, `PUT set ${name}, and it still has its old value.`)
    } else if (
      Object.hasOwn(sentAll, name) &&
      !lasting.has(name) &&
      !/status|state/i.test(name) &&
      !isEmpty(old) &&
      sameJson(old, sentAll[name]) &&
      sameJson(now, old) &&
      !sameJson(now, annotation(view, 'default'))
    )
      say(name, `PUT left ${name} out, and it is still there.`)
  }
  return found
}

/** What every answer has cannot go. */
const requiredInAnswer = (reader: Operation | undefined): ReadonlySet<string> => {
  const found = new Set<string>()
  const gather = (view: View, depth: number): void => {
    for (const one of alternatives(view)) {
      if (one.type !== 'object') continue
      for (const name of one.required) found.add(name)
      if (depth < 1) for (const member of one.properties.values()) gather(member, depth + 1)
    }
  }
  for (const { view } of reader?.responses.get('200')?.content ?? []) if (view) gather(view, 0)
  return found
}

const isEmpty = (value: Json): boolean =>
  value === null || value === '' || value === false || value === 0 || (isList(value) && value.length === 0)

/** The same PUT twice: the second one changes nothing. */
export const repeat = async (session: Session, resource: Resource): Promise<Story | undefined> => {
  const { put, reader } = resource
  const story = put && (await withThing(session, resource))
  if (!put || !story) return undefined
  const call = made(session, put, 'all')
  await write(session, story, put, 'put-1', 'puts it', () => call)
  await act(session, story, reader, 'read-1', { what: 'reads it' })
  await write(session, story, put, 'put-2', 'puts the same again', () => call)
  await act(session, story, reader, 'read-2', { what: 'reads it again' })
  return story
}

export const judgeRepeat = (
  session: Session,
  { steps }: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const at = (role: string): number => steps.findIndex((step) => step.role === role)
  const [first, read1, second, read2] = [at('put-1'), at('read-1'), at('put-2'), at('read-2')]
  const operation = session.api.byKey.get(steps[first]?.call.operation ?? '')
  if (!operation || !isSuccess(exchanges[first]) || !isSuccess(exchanges[read1])) return []
  const of = (message: string, step: number): readonly Suspicion[] => [
    { check: 'put_idempotent', operation: operation.key, step, message, traits: 'repeat' },
  ]
  const status = statusOf(exchanges[second])
  if (status >= 400 && status < 500 && ![401, 403, 409, 412, 428, 429].includes(status))
    return of(`The same PUT is answered ${statusOf(exchanges[first])}, then ${status}.`, second)
  // What the first one made is there: the second one can only replace it.
  if (status === 201 && operation.responses.has('200'))
    return of('The same PUT creates once more: it is answered 201 again.', second)
  const members = writableMembers(operation)
  const [one, two] = [thingIn(exchanges[read1], members.keys()), thingIn(exchanges[read2], members.keys())]
  if (!isSuccess(exchanges[second]) || !one || !two) return []
  const sent = bodyOf(steps[first])
  const changed = [...members.keys()].find(
    (name) => Object.hasOwn(sent, name) && !sameJson(memberOf(one, name), memberOf(two, name)),
  )
  return changed === undefined ? [] : of(`The same PUT a second time changed ${changed}.`, read2)
}

/** PATCH of one member: this one changes, the others stay. */
export const patchOne = async (
  session: Session,
  resource: Resource,
  name: string,
  isNull = false,
): Promise<Story | undefined> => {
  const { patch, reader } = resource
  const view = patch && writableMembers(patch).get(name)
  const story = patch && view && (await withThing(session, resource))
  const media = patch && writableMedia(patch)[0]
  if (!patch || !story || !media) return undefined
  const change = (role: string, value: Json): Promise<unknown> =>
    write(
      session,
      story,
      patch,
      role,
      value === null ? `takes ${name} away by null` : `changes ${name}`,
      () => ({ ...made(session, patch, 'none'), body: { mediaType: media.type, value: { [name]: value } } }),
      'unknown',
    )
  const value = typical(view, { random: session.random, optional: 'all', name })
  if (value === undefined || !isValidBody(media, { [name]: value })) return undefined
  if (isNull) {
    if (!isValidBody(media, { [name]: null })) return undefined
    // There has to be something to take away.
    await change('patch-first', value)
  }
  await act(session, story, reader, 'read-before', { what: 'reads it' })
  await change('patch', isNull ? null : value)
  await act(session, story, reader, 'read-after', { what: 'reads it again' })
  return story
}

export const judgePatch = (
  session: Session,
  { steps }: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const at = (role: string): number => steps.findIndex((step) => step.role === role)
  const [before, patched, after] = [at('read-before'), at('patch'), at('read-after')]
  const operation = session.api.byKey.get(steps[patched]?.call.operation ?? '')
  if (
    !operation ||
    ![before, patched, after].every((each) => isSuccess(exchanges[each])) ||
    statusOf(exchanges[patched]) === 202
  )
    return []
  const members = writableMembers(operation)
  const [old, now] = [thingIn(exchanges[before], members.keys()), thingIn(exchanges[after], members.keys())]
  const sent = bodyOf(steps[patched])
  if (!old || !now) return []
  const of = (message: string): readonly Suspicion[] => [
    { check: 'merge_patch', operation: operation.key, step: after, message, traits: 'patch' },
  ]
  for (const name of members.keys()) {
    const [was, is] = [memberOf(old, name), memberOf(now, name)]
    if (Object.hasOwn(sent, name)) {
      if (was !== undefined && sameJson(was, is) && !sameJson(was, sent[name]))
        return of(
          `PATCH set ${name} and was answered ${statusOf(exchanges[patched])}, and it still has its old value.`,
        )
    } else if (
      was !== undefined &&
      was !== null &&
      !sameJson(was, is) &&
      !/updated|modified|version|revision|etag|count|total|status|state/i.test(name)
    )
      return of(`PATCH of ${Object.keys(sent).join(', ')} changed ${name} too.`)
  }
  return []
}
