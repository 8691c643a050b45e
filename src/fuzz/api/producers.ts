import { alternatives } from '../../openapi/schema/alternatives.ts'
import type { View } from '../../openapi/schema/view.ts'
import { memberNames } from './model-operation.ts'
import { nounOfPath, nounOfPathParameter, plainName } from './nouns.ts'
import type { Api, Operation } from './operation.ts'

/** A value that has to be of something that exists. */
export interface Need {
  /** Name of the parameter or member. */
  readonly name: string
  readonly noun: string
  /** Of a path parameter: the path up to it, such as `/users/{userId}`. */
  readonly prefix?: string
}

/** An operation whose answer, or request, has the value. */
export interface Producer {
  readonly operation: Operation
  readonly score: number
}

/** Names that every thing has: they do not say whose they are. */
const general = new Set([
  'id',
  'name',
  'key',
  'code',
  'slug',
  'title',
  'status',
  'type',
  'kind',
  'label',
  'tag',
  'number',
  'version',
  'date',
  'uuid',
  'ref',
  'value',
])

const people = new Set([
  'owner',
  'author',
  'assignee',
  'reporter',
  'creator',
  'customer',
  'member',
  'recipient',
  'sender',
  'client',
])

/** What a path parameter of an operation needs. */
export const needOf = ({ path }: Operation, name: string): Need => ({
  name,
  noun: nounOfPathParameter(path, name),
  prefix: path.slice(0, path.indexOf(`{${name}}`) + name.length + 2),
})

/** The operations that may have a value for a need, the likeliest first. */
export const producersOf = (api: Api, consumer: Operation, need: Need): readonly Producer[] => {
  const found: Producer[] = []
  for (const operation of candidatesFor(indexOf(api), need)) {
    const score = scoreOf(operation, consumer, need)
    if (score > 0) found.push({ operation, score })
  }
  return found.toSorted(
    (left, right) => right.score - left.score || left.operation.path.length - right.operation.path.length,
  )
}

/** Who may come into question, so that documents of thousands of operations are not gone through for each value. */
interface Index {
  readonly byPath: ReadonlyMap<string, readonly Operation[]>
  readonly byNoun: ReadonlyMap<string, readonly Operation[]>
  readonly byMember: ReadonlyMap<string, readonly Operation[]>
  /** Those with links, and those whose path says that they create. */
  readonly always: readonly Operation[]
}

const indexes = new WeakMap<Api, Index>()
const creating = /create|new|register|signup|import|upload/i
const alwaysMax = 200

const indexOf = (api: Api): Index => {
  const known = indexes.get(api)
  if (known) return known
  const usable = api.operations.filter(({ method, isModel }) => !isModel && /^(POST|GET|PUT)$/.test(method))
  const made: Index = {
    byPath: groupedBy(usable, ({ path }) => [path.replace(/\/$/, '')]),
    byNoun: groupedBy(usable, ({ path }) => (path.endsWith('}') ? [] : [nounOfPath(path)])),
    byMember: groupedBy(usable, (operation) =>
      [...answerMembers(operation)].filter((name) => !general.has(name)),
    ),
    always: usable
      .filter(
        ({ method, path, responses }) =>
          (method === 'POST' && (creating.test(path) || responses.has('202'))) ||
          [...responses.values()].some(({ links }) => links.length > 0),
      )
      .slice(0, alwaysMax),
  }
  indexes.set(api, made)
  return made
}

const groupedBy = (
  operations: readonly Operation[],
  namesOf: (operation: Operation) => readonly string[],
): ReadonlyMap<string, readonly Operation[]> => {
  const groups = new Map<string, Operation[]>()
  for (const operation of operations)
    for (const name of namesOf(operation)) {
      const group = groups.get(name)
      if (group) group.push(operation)
      else groups.set(name, [operation])
    }
  return groups
}

const candidatesFor = (
  { byPath, byNoun, byMember, always }: Index,
  { name, noun, prefix }: Need,
): ReadonlySet<Operation> => {
  const collection = prefix?.slice(0, prefix.lastIndexOf('/')).replace(/\/$/, '')
  return new Set([
    ...(prefix === undefined ? [] : [...(byPath.get(prefix) ?? []), ...(byPath.get(collection ?? '') ?? [])]),
    ...nounsFor(noun).flatMap((each) => byNoun.get(each) ?? []),
    ...(byMember.get(plainName(name)) ?? []),
    ...(byMember.get(`${noun}id`) ?? []),
    ...always,
  ])
}

const nounsFor = (noun: string): readonly string[] => [
  noun,
  ...(people.has(noun) ? ['user', 'customer', 'account'] : []),
]

const parametersIn = (path: string): number => path.split('{').length - 1

const scoreOf = (operation: Operation, consumer: Operation, { name, noun, prefix }: Need): number => {
  const { method, path } = operation
  const isCreation = method === 'POST'
  if (operation.isModel || (method !== 'POST' && method !== 'GET' && method !== 'PUT')) return 0
  if (operation.key === consumer.key && method !== 'PUT') return 0
  if (isLinked(operation, consumer, name)) return 120
  const collection = prefix?.slice(0, prefix.lastIndexOf('/')).replace(/\/$/, '')
  const own = path.replace(/\/$/, '')
  if (prefix !== undefined && path.startsWith(prefix) && own !== prefix) return 0
  if (method === 'PUT') return own === prefix ? 50 : 0
  if (own === collection) return isCreation ? 100 : 70
  if (prefix !== undefined && own === prefix) return 0
  const nouns = nounsFor(noun)
  const depth = parametersIn(path)
  const isOwnNoun = nouns.includes(nounOfPath(path)) && !path.endsWith('}')
  if (isOwnNoun) return (isCreation ? 80 : 62) - depth * 3
  if (isCreation && creating.test(path) && path.toLowerCase().includes(noun)) return 60 - depth * 3
  const names = answerMembers(operation)
  if (names.has(plainName(name)) && !general.has(plainName(name))) return (isCreation ? 55 : 20) - depth * 3
  if (names.has(`${noun}id`)) return (isCreation ? 30 : 15) - depth * 3
  // What is done later is often found at another place than what was asked for.
  return prefix !== undefined && isCreation && operation.responses.has('202') ? 5 : 0
}

const isLinked = (producer: Operation, consumer: Operation, name: string): boolean =>
  [...producer.responses.values()].some(({ links }) =>
    links.some(
      (link) =>
        (link.operationId !== undefined
          ? link.operationId === consumer.id
          : isReferenceTo(link.operationRef ?? '', consumer)) &&
        Object.keys(link.parameters).some((each) => each.replace(/^(path|query|header)\./, '') === name),
    ),
  )

const isReferenceTo = (reference: string, { path, method }: Operation): boolean =>
  reference.endsWith(`/paths/${path.replaceAll('~', '~0').replaceAll('/', '~1')}/${method.toLowerCase()}`)

/** The expression by which a link says where the value is, such as `$response.body#/id`. */
export const linkExpression = (
  producer: Operation,
  consumer: Operation,
  name: string,
): string | undefined => {
  for (const { links } of producer.responses.values())
    for (const link of links) {
      const isHere =
        link.operationId !== undefined
          ? link.operationId === consumer.id
          : isReferenceTo(link.operationRef ?? '', consumer)
      if (!isHere) continue
      for (const [each, expression] of Object.entries(link.parameters))
        if (each.replace(/^(path|query|header)\./, '') === name) return expression
    }
  return undefined
}

const members = new WeakMap<Operation, ReadonlySet<string>>()

/** Plain names of the members of answers of 2xx, those of items and wrapped objects included. */
const answerMembers = (operation: Operation): ReadonlySet<string> => {
  const known = members.get(operation)
  if (known) return known
  const names = new Set<string>()
  for (const { status, content } of operation.responses.values())
    if (status.startsWith('2')) for (const { view } of content) if (view) gather(view, 0, names)
  members.set(operation, names)
  return names
}

const gather = (view: View, depth: number, names: Set<string>): void => {
  for (const name of memberNames(view)) names.add(plainName(name))
  if (depth >= 2) return
  for (const one of alternatives(view)) {
    if (one.type === 'array') gather(one.items, depth + 1, names)
    if (one.type === 'object') for (const inner of one.properties.values()) gather(inner, depth + 1, names)
  }
}
