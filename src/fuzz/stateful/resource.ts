import { alternatives } from '../../openapi/schema/alternatives.ts'
import { isHidden, type View } from '../../openapi/schema/view.ts'
import type { Operation } from '../api/operation.ts'
import { makeCall } from '../base-call.ts'
import type { Binding, Call, Identity, Intent, Step } from '../call.ts'
import { provide, rebind } from '../fixture.ts'
import { isSuccess, type Session } from '../session.ts'
import { perform } from '../perform.ts'
import { startStory, type Story } from '../story.ts'

/** Operations on one thing and on the collection it is in. */
export interface Resource {
  /** `/pets/{petId}`. */
  readonly path: string
  readonly reader: Operation
  readonly creator?: Operation
  readonly lister?: Operation
  readonly put?: Operation
  readonly patch?: Operation
  readonly deleter?: Operation
  /** Reading operations below the thing, such as `GET /pets/{petId}/visits`. */
  readonly children: readonly Operation[]
}

const trimmed = (path: string): string => path.replace(/\/$/, '')

/** What can be read one by one, with all that can be done to it. */
export const resourcesOf = (operations: readonly Operation[]): readonly Resource[] => {
  const places = new Map<string, Operation>()
  const below = new Map<string, Operation[]>()
  for (const operation of operations) {
    const path = trimmed(operation.path)
    places.set(`${operation.method} ${path}`, operation)
    const thing = operation.method === 'GET' ? /^(.*\})\/[^{}]+$/.exec(path)?.[1] : undefined
    if (thing !== undefined) below.set(thing, [...(below.get(thing) ?? []), operation])
  }
  return operations
    .filter(({ method, path, isModel }) => method === 'GET' && !isModel && /\{[^{}]+\}\/?$/.test(path))
    .map((reader) => {
      const path = trimmed(reader.path)
      const collection = path.slice(0, path.lastIndexOf('/'))
      const at = (method: string, place: string) => places.get(`${method} ${place}`)
      const [creator, lister, put, patch, deleter] = [
        at('POST', collection),
        at('GET', collection),
        at('PUT', path),
        at('PATCH', path),
        at('DELETE', path),
      ]
      return {
        path,
        reader,
        ...(creator && { creator }),
        ...(lister && { lister }),
        ...(put && { put }),
        ...(patch && { patch }),
        ...(deleter && { deleter }),
        children: below.get(path) ?? [],
      }
    })
}

export const intentOf = (what: string, expect: Intent['expect'] = 'valid'): Intent => ({
  phase: 'stateful',
  expect,
  what,
})

/** A plain valid call of an operation, with what the story has made in its places. */
export const callOf = (
  session: Session,
  story: Story,
  operation: Operation,
  identity: Identity = 'first',
  recipe: 'none' | 'all' = 'none',
): { call: Call; bindings: readonly Binding[] } => {
  const base = session.memory(operation).base
  const made =
    base && recipe === 'none' && operation.method !== 'PUT'
      ? { ...base, identity }
      : makeCall(operation, {
          random: session.random,
          recipe,
          tokensMax: session.settings.tokensMax,
          identity,
        })
  return rebind(story, operation, made, undefined)
}

/** Takes a step with a plain valid call. */
export const act = (
  session: Session,
  story: Story,
  operation: Operation,
  role: string,
  options: {
    readonly identity?: Identity
    readonly what?: string
    readonly change?: (call: Call) => Call
    readonly expect?: Intent['expect']
  } = {},
) => {
  const { call, bindings } = callOf(session, story, operation, options.identity)
  const changed = options.change ? options.change(call) : call
  return perform(session, story, {
    call: changed,
    bindings,
    role,
    intent: intentOf(options.what ?? role, options.expect),
  } satisfies Step)
}

/** A story in which the thing was just made by an operation that makes such things; undefined where that fails. */
export const withThing = async (
  session: Session,
  { reader }: Pick<Resource, 'reader'>,
  story: Story = startStory(),
): Promise<Story | undefined> => {
  const { missing } = await provide(
    session,
    story,
    reader,
    makeCall(reader, {
      random: session.random,
      recipe: 'none',
      tokensMax: session.settings.tokensMax,
      identity: 'first',
    }),
  )
  const last = story.steps.at(-1)
  if (missing.length > 0 || !last || !isSuccess(story.exchanges.at(-1))) return undefined
  // What was found in a list is somebody else's.
  return last.call.operation.startsWith('GET ') ? undefined : story
}

/** Members that a request may set, by name. */
export const writableMembers = (operation: Operation): ReadonlyMap<string, View> => {
  const found = new Map<string, View>()
  for (const { view } of operation.body?.media ?? [])
    for (const one of alternatives(view))
      if (one.type === 'object')
        for (const [name, member] of one.properties) if (!isHidden(member)) found.set(name, member)
  return found
}
