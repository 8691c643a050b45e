import type { Spec } from '../../../openapi/spec.ts'
import { type Comparison, tagsOf } from './collector.ts'
import { comparePathItems, itemsOf, lifecycleOf, operationsOf, pairOf, type PathSide } from './path-items.ts'
import { basePaths } from './servers.ts'

/** Pairs the paths by their shape, so that a renamed parameter is no removed path, and their operations by method. */
export const comparePaths = (comparison: Comparison): void => {
  const { base, revision } = comparison
  const { pairs, gone, fresh } = pairPaths(
    pathsOf(base),
    pathsOf(revision),
    basePaths(base),
    basePaths(revision),
  )
  for (const [before, after] of pairs) comparePathItems(comparison, before, after, 'path', 'client')
  for (const side of gone)
    for (const operation of operationsOf(side))
      comparison.add(
        {
          kind: 'operation-removed',
          area: 'path',
          effect: 'narrowed',
          subject: operation.name,
          base: operation.pointer,
          data: { ...lifecycleOf(operation.value), wholePath: true },
        },
        pairOf(operation, undefined, 'client'),
      )
  for (const side of fresh)
    for (const operation of operationsOf(side))
      comparison.add(
        {
          kind: 'operation-added',
          area: 'path',
          effect: 'widened',
          subject: operation.name,
          revision: operation.pointer,
        },
        { name: operation.name, tags: tagsOf(undefined, operation.value), sender: 'client' },
      )
}

const pathsOf = (spec: Spec): readonly PathSide[] => itemsOf(spec, spec.document['paths'], '/paths')

/** `/a/{x}/b` → `/a/{}/b`: what a request looks like does not depend on what the parameter is called. */
export const shapeOf = (path: string): string => path.replace(/\$?\{[^}]*\}/g, '{}').replace(/(?<=.)\/$/, '')

interface Pairing {
  readonly pairs: readonly (readonly [PathSide, PathSide])[]
  readonly gone: readonly PathSide[]
  readonly fresh: readonly PathSide[]
}

const pairPaths = (
  before: readonly PathSide[],
  after: readonly PathSide[],
  prefixesBefore: readonly string[],
  prefixesAfter: readonly string[],
): Pairing => {
  const pairs: (readonly [PathSide, PathSide])[] = []
  let gone = before
  let fresh = after
  const take = (
    keysBefore: (path: string) => readonly string[],
    keysAfter: (path: string) => readonly string[],
  ): void => {
    const index = new Map<string, PathSide>()
    for (const side of fresh)
      for (const key of keysAfter(side.path)) if (!index.has(key)) index.set(key, side)
    const used = new Set<PathSide>()
    gone = gone.filter((side) => {
      const other = keysBefore(side.path)
        .map((key) => index.get(key))
        .find((each) => each !== undefined && !used.has(each))
      if (!other) return true
      used.add(other)
      pairs.push([side, other])
      return false
    })
    fresh = fresh.filter((side) => !used.has(side))
  }
  const same = (path: string): readonly string[] => [path]
  const shape = (path: string): readonly string[] => [shapeOf(path)]
  take(same, same)
  take(shape, shape)
  // The base path may have moved between the servers and the paths.
  if (prefixesBefore.join(' ') !== prefixesAfter.join(' '))
    take(
      (path) => prefixesBefore.map((prefix) => shapeOf(prefix + path)),
      (path) => prefixesAfter.map((prefix) => shapeOf(prefix + path)),
    )
  return { pairs, gone, fresh }
}
