import { isObject, type Json, memberOf, sameJson } from '../../openapi/json.ts'
import { methodsAt, type Operation } from '../api/operation.ts'
import type { Scenario } from '../call.ts'
import type { Exchange } from '../exchange.ts'
import type { Suspicion } from '../judge/suspicion.ts'
import { isSuccess, jsonOf, type Session, statusOf } from '../session.ts'
import { lastSegment, perform } from '../perform.ts'
import type { Story } from '../story.ts'
import { act, intentOf, type Resource, withThing } from './resource.ts'

/** create → read → change → delete → read: what is there, what is gone, and that nothing else goes with it. */
export const lifecycle = async (session: Session, resource: Resource): Promise<Story | undefined> => {
  const story = await withThing(session, resource)
  if (!story) return undefined
  const { reader, deleter, patch, children } = resource
  await act(session, story, reader, 'read', { what: 'reads what was made' })
  if (!deleter) return story
  await act(session, story, deleter, 'delete', { what: 'deletes it' })
  await act(session, story, reader, 'read-after', { what: 'reads what was deleted' })
  if (patch)
    await act(session, story, patch, 'patch-after', { what: 'changes what was deleted', expect: 'unknown' })
  for (const child of children.slice(0, 2))
    if (child.responses.has('404'))
      await act(session, story, child, 'child-after', { what: 'reads below what was deleted' })
  await act(session, story, deleter, 'delete-again', { what: 'deletes it again', expect: 'unknown' })
  return story
}

export const judgeLifecycle = (
  _: Session,
  { steps }: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const at = (role: string): number => steps.findIndex((step) => step.role === role)
  const found: Suspicion[] = []
  const say = (check: Suspicion['check'], step: number, message: string): void => {
    found.push({ check, operation: steps[step]?.call.operation ?? '', step, message, traits: check })
  }
  const read = at('read')
  const maker = steps.findLastIndex(({ role }) => role === 'setup')
  const madeBy = steps[maker]?.call.operation ?? ''
  // What is made later is not there at once.
  const isAtOnce = statusOf(exchanges[maker]) !== 202
  if (statusOf(exchanges[read]) === 404 && isAtOnce && isMaker(madeBy, steps[read]?.call.operation ?? ''))
    say(
      'ensure_resource_availability',
      read,
      `${madeBy} was answered ${statusOf(exchanges[maker])}, and what it made is answered 404.`,
    )
  const gone = at('delete')
  if (!isSuccess(exchanges[gone]) || statusOf(exchanges[gone]) === 202 || !isSuccess(exchanges[read]))
    return found
  const before = jsonOf(exchanges[read])
  for (const [step, { role }] of steps.entries()) {
    if (!/^(read|patch|child)-after$/.test(role) || !isSuccess(exchanges[step])) continue
    if (role === 'read-after' && saysDeleted(before, jsonOf(exchanges[step]))) return found
    say(
      'use_after_free',
      step,
      `Answered ${statusOf(exchanges[step])} after ${steps[gone]?.call.operation} was answered ${statusOf(exchanges[gone])}.`,
    )
    // What comes after is the same fault seen again.
    return found
  }
  const again = statusOf(exchanges[at('delete-again')])
  if (again >= 400 && again < 500 && !gentle.has(again))
    say(
      'delete_idempotent',
      at('delete-again'),
      `Deleting it again is answered ${again}, not that it is gone.`,
    )
  return found
}

/** What may be said of deleting what is gone, and refusals that are not about it. */
const gentle = new Set([401, 403, 404, 405, 409, 410, 412, 423, 428, 429])

/** Something that can be deleted and not read: deleting it again says that it is gone. */
export const deletion = async (session: Session, deleter: Operation): Promise<Story | undefined> => {
  const story = await withThing(session, { reader: deleter })
  if (!story) return undefined
  await act(session, story, deleter, 'delete', { what: 'deletes it' })
  await act(session, story, deleter, 'delete-again', { what: 'deletes it again', expect: 'unknown' })
  return story
}

export const judgeDeletion = (
  _: Session,
  { steps }: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const step = steps.findIndex(({ role }) => role === 'delete-again')
  const again = statusOf(exchanges[step])
  const isGone = isSuccess(exchanges[steps.findIndex(({ role }) => role === 'delete')])
  if (!isGone || again < 400 || again > 499 || gentle.has(again)) return []
  return [
    {
      check: 'delete_idempotent',
      operation: steps[step]?.call.operation ?? '',
      step,
      message: `Deleting it again is answered ${again}, not that it is gone.`,
      traits: 'delete_idempotent',
    },
  ]
}

/** Whether an operation makes what the other one reads: in its collection, or at its place. */
const isMaker = (maker: string, reader: string): boolean => {
  const [[method = '', made = ''], [, read = '']] = [maker.split(' '), reader.split(' ')]
  const own = read.replace(/\/$/, '').replaceAll(/\{[^{}]*\}/g, '{}')
  const place = made.replace(/\/$/, '').replaceAll(/\{[^{}]*\}/g, '{}')
  return method === 'POST' ? place === own.slice(0, own.lastIndexOf('/')) : method === 'PUT' && place === own
}

/** What is kept but says that it is deleted is deleted. */
const saysDeleted = (before: Json | undefined, after: Json | undefined): boolean => {
  if (!isObject(after)) return false
  return Object.entries(after).some(
    ([name, value]) =>
      (/delet|cancel|archiv|remov|clos|inactiv/i.test(name) ||
        (typeof value === 'string' &&
          /^(deleted|cancell?ed|archived|removed|closed|inactive|revoked|terminated|deactivated)$/i.test(
            value,
          ))) &&
      value !== null &&
      value !== false &&
      !sameJson(memberOf(before, name), value),
  )
}

/** Two things, one of them deleted twice: the other one stays. */
export const siblings = async (session: Session, resource: Resource): Promise<Story | undefined> => {
  const { deleter, reader } = resource
  if (!deleter) return undefined
  const other = await withThing(session, resource)
  if (!other) return undefined
  await act(session, other, reader, 'read-other', { what: 'reads one of two' })
  // The second is made in the same story, so the first has to be forgotten there.
  const made = new Map(other.made)
  const story: Story = { steps: other.steps, exchanges: other.exchanges, made: new Map() }
  const mine = await withThing(session, resource, story)
  if (!mine) return undefined
  await act(session, story, deleter, 'delete', { what: 'deletes the other' })
  await act(session, story, deleter, 'delete-again', { what: 'deletes it again', expect: 'unknown' })
  story.made.clear()
  for (const [name, each] of made) story.made.set(name, each)
  await act(session, story, reader, 'read-other-after', { what: 'reads the first again' })
  return story
}

export const judgeSiblings = (
  _: Session,
  { steps }: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const at = (role: string): number => steps.findIndex((step) => step.role === role)
  const [gone, again, other] = [at('delete'), at('delete-again'), at('read-other-after')]
  if (!isSuccess(exchanges[gone]) || other < 0 || statusOf(exchanges[other]) !== 404) return []
  if (!isSuccess(exchanges[at('read-other')])) return []
  return [
    {
      check: 'delete_idempotent',
      operation: steps[gone]?.call.operation ?? '',
      step: other,
      message: `After deleting one thing twice (${statusOf(exchanges[gone])}, ${statusOf(exchanges[again])}) another one is gone too.`,
      traits: 'other gone',
    },
  ]
}

/** What paths of a template end with, whatever they are below. */
const endingOf = (template: string): RegExp =>
  new RegExp(
    `${template
      .split(/\{[^{}]*\}/)
      .map((part) => part.replaceAll(/[.+?^${}()|[\]\\*]/g, String.raw`\$&`))
      .join('[^/]+')}/?$`,
  )

/** Where `Location` of a creation leads. */
export const location = async (session: Session, resource: Resource): Promise<Story | undefined> => {
  const story = await withThing(session, resource)
  if (!story) return undefined
  const at = story.steps.length - 1
  const written = story.exchanges[at]?.response?.headers['location']
  if (written === undefined) return undefined
  const { url } = session.settings
  if (!URL.canParse(written, story.exchanges[at]?.request.url)) return undefined
  const target = new URL(written, story.exchanges[at]?.request.url)
  // Another host was not named by anybody, and another thing of the document is not what the reader reads.
  const root = url.pathname.replace(/\/$/, '')
  const isOther =
    !endingOf(resource.reader.path).test(target.pathname) &&
    methodsAt(session.api, target.pathname.startsWith(`${root}/`) ? target.pathname.slice(root.length) : '')
      .size > 0
  if (target.host !== url.host || isOther) return undefined
  await perform(session, story, {
    call: {
      operation: resource.reader.key,
      path: {},
      query: {},
      header: {},
      cookie: {},
      identity: 'first',
      target: `location:${at}`,
    },
    bindings: [],
    role: 'follow',
    intent: intentOf('follows Location', 'unknown'),
  })
  return story
}

export const judgeLocation = (
  _: Session,
  { steps }: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const step = steps.findIndex(({ role }) => role === 'follow')
  const made = steps.findLastIndex(({ role }) => role === 'setup')
  const status = statusOf(exchanges[step])
  const written = exchanges[made]?.response?.headers['location']
  if (
    written === undefined ||
    statusOf(exchanges[made]) === 202 ||
    ![404, 405, 410, 500, 501].includes(status)
  )
    return []
  const id = lastSegment(written) ?? ''
  return [
    {
      check: 'location_resolves',
      operation: steps[made]?.call.operation ?? '',
      step: made,
      message: `Location leads to ${written.replace(id, '…')}, which is answered ${status}.`,
      traits: 'location',
    },
  ]
}
