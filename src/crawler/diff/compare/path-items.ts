import { isObject, type Json, type JsonObject, listAt, memberOf, textAt } from '../../../openapi/json.ts'
import { methods } from '../../../openapi/grammar.ts'
import { below } from '../../../openapi/pointer.ts'
import type { Spec } from '../../../openapi/spec.ts'
import { type Comparison, type OperationPair, type OperationSide, tagsOf } from './collector.ts'
import { compareOperations } from './operations.ts'

export interface PathSide {
  readonly path: string
  readonly item: JsonObject
  readonly pointer: string
}

/** The path items of a map, references followed. */
export const itemsOf = (spec: Spec, map: Json | undefined, pointer: string): readonly PathSide[] =>
  Object.entries(isObject(map) ? map : {}).flatMap(([path, value]) => {
    if (path.startsWith('x-')) return []
    const place = spec.follow(value, below(pointer, path))
    return place ? [{ path, item: place.value, pointer: place.pointer }] : []
  })

export interface FoundOperation {
  readonly method: string
  readonly name: string
  readonly value: JsonObject
  readonly pointer: string
}

/** The operations of a path item. */
export const operationsOf = ({ path, item, pointer }: PathSide): readonly FoundOperation[] => {
  const additional = memberOf(item, 'additionalOperations')
  return [
    ...methods.map((method) => [method, memberOf(item, method), `${pointer}/${method}`] as const),
    ...Object.entries(isObject(additional) ? additional : {}).map(
      ([method, value]) => [method, value, below(`${pointer}/additionalOperations`, method)] as const,
    ),
  ].flatMap(([method, value, place]) =>
    isObject(value) ? [{ method, name: `${method.toUpperCase()} ${path}`, value, pointer: place }] : [],
  )
}

/** What rules about removal want to know. */
export const lifecycleOf = (operation: JsonObject): Record<string, Json> => ({
  deprecated: operation['deprecated'] === true,
  sunset: operation['x-sunset'] ?? null,
  stability: operation['x-stability-level'] ?? null,
})

/** Two path items that stand for each other, in `paths`, a webhook or a callback. */
export const comparePathItems = (
  comparison: Comparison,
  before: PathSide,
  after: PathSide,
  area: 'path' | 'webhook' | 'callback',
  sender: 'client' | 'server',
): void => {
  const [old, next] = [operationsOf(before), operationsOf(after)]
  for (const operation of old) {
    const other = next.find(({ method }) => method === operation.method)
    const pair = pairOf(operation, other?.value, sender)
    if (other) {
      const [a, b] = [sideOf(operation, before), sideOf(other, after)]
      compareOperations(comparison, a, b, pair)
      compareCallbacks(comparison, a, b, pair)
    } else
      comparison.add(
        {
          kind: 'operation-removed',
          area,
          effect: 'narrowed',
          subject: operation.name,
          base: operation.pointer,
          data: lifecycleOf(operation.value),
        },
        pair,
      )
  }
  for (const operation of next)
    if (!old.some(({ method }) => method === operation.method))
      comparison.add(
        {
          kind: 'operation-added',
          area,
          effect: 'widened',
          subject: operation.name,
          revision: operation.pointer,
        },
        { name: operation.name, tags: tagsOf(undefined, operation.value), sender },
      )
}

/** An operation of the base and what became of it, as facts name it. */
export const pairOf = (
  operation: FoundOperation,
  other: JsonObject | undefined,
  sender: OperationPair['sender'],
): OperationPair => ({
  name: operation.name,
  tags: tagsOf(operation.value, other),
  sender,
  unstable: ['draft', 'alpha'].includes(textAt(operation.value, 'x-stability-level') ?? ''),
})

const sideOf = (operation: FoundOperation, { path, item, pointer }: PathSide): OperationSide => ({
  path,
  value: operation.value,
  pointer: operation.pointer,
  shared: listAt(item, 'parameters'),
  sharedPointer: `${pointer}/parameters`,
  operationId: textAt(operation.value, 'operationId'),
})

/** The callbacks of an operation: as webhooks, by name and expression. */
const compareCallbacks = (
  comparison: Comparison,
  base: OperationSide,
  revision: OperationSide,
  pair: OperationPair,
): void => {
  // In a webhook there is nobody to call back.
  if (pair.sender === 'server') return
  const [before, after] = [memberOf(base.value, 'callbacks'), memberOf(revision.value, 'callbacks')]
  const names = new Set([before, after].flatMap((each) => (isObject(each) ? Object.keys(each) : [])))
  for (const name of names) {
    const a = comparison.base.follow(memberOf(before, name), below(`${base.pointer}/callbacks`, name))
    const b = comparison.revision.follow(memberOf(after, name), below(`${revision.pointer}/callbacks`, name))
    const shared = { area: 'callback', subject: `callback "${name}"` } as const
    if (a && !b)
      comparison.add({ ...shared, kind: 'callback-removed', effect: 'narrowed', base: a.pointer }, pair)
    else if (b && !a)
      comparison.add({ ...shared, kind: 'callback-added', effect: 'widened', revision: b.pointer }, pair)
    if (!a || !b) continue
    const [old, next] = [
      itemsOf(comparison.base, a.value, a.pointer),
      itemsOf(comparison.revision, b.value, b.pointer),
    ]
    for (const side of old) {
      const other =
        next.find(({ path }) => path === side.path) ??
        (old.length === 1 && next.length === 1 ? next[0] : undefined)
      const named = { ...side, path: `${pair.name} » ${name}` }
      if (other) comparePathItems(comparison, named, { ...other, path: named.path }, 'callback', 'server')
      if (other && other.path !== side.path)
        comparison.add(
          {
            ...shared,
            kind: 'callback-moved',
            effect: 'changed',
            base: side.pointer,
            revision: other.pointer,
            before: side.path,
            after: other.path,
          },
          pair,
        )
      if (!other)
        comparison.add({ ...shared, kind: 'callback-removed', effect: 'narrowed', base: side.pointer }, pair)
    }
  }
}
