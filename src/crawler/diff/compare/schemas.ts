import type { Json } from '../../../openapi/json.ts'
import { accepts } from '../../../openapi/schema/accepts.ts'
import { alternatives } from '../../../openapi/schema/alternatives.ts'
import { createRelation, type Relation } from '../../../openapi/schema/relation.ts'
import { counterexample } from '../../../openapi/schema/counterexample.ts'
import {
  createSpace,
  type Flow,
  isAny,
  isHidden,
  type Space,
  type View,
} from '../../../openapi/schema/view.ts'
import type { Spec } from '../../../openapi/spec.ts'
import type { SchemaPair } from '../fact.ts'
import { compareAnnotations } from './annotations.ts'
import { createSameSchema, type SameSchema } from './same-schema.ts'
import { type Child, effectOf, type SchemaFact } from './schema-fact.ts'
import { compareValueSets } from './value-sets.ts'

type Text = SchemaPair['text']

/** A fact about a schema with the pair of value sets it was found at. */
export interface FoundFact {
  readonly fact: SchemaFact
  readonly pair: SchemaPair
}

export interface SchemaComparer {
  readonly same: SameSchema
  /** Everything that differs at or below two schemas. Each pair of value sets is compared once, however often it is met. */
  compare(
    base: Json | undefined,
    revision: Json | undefined,
    place: Place,
    flow: Flow,
    text: Text,
  ): readonly FoundFact[]
  view(side: 'base' | 'revision', flow: Flow, schema: Json | undefined, pointer: string): View
}

interface Place {
  readonly base: string
  readonly revision: string
}

interface Node {
  readonly found: readonly FoundFact[]
  readonly children: readonly Child[]
}

export const createSchemaComparer = (base: Spec, revision: Spec): SchemaComparer => {
  const same = createSameSchema(base, revision)
  const spaces: Readonly<Record<'base' | 'revision', Readonly<Record<Flow, Space>>>> = {
    base: { request: createSpace(base, 'request'), response: createSpace(base, 'response') },
    revision: { request: createSpace(revision, 'request'), response: createSpace(revision, 'response') },
  }
  const relations: Readonly<Record<Text, Relation>> = {
    none: createRelation({ undeclared: 'absent' }),
    plain: createRelation({ undeclared: 'absent', text: 'plain' }),
    exploded: createRelation({ undeclared: 'absent', text: 'exploded' }),
  }
  const nodes = new Map<string, Node>()
  const nodeOf = (a: View, b: View, text: Text): Node => {
    const key = `${text} ${a.key} ${b.key}`
    const known = nodes.get(key)
    if (known) return known
    const node = compareNode(a, b, text, relations[text], same)
    nodes.set(key, node)
    return node
  }
  return {
    same,
    view: (side, flow, schema, pointer) => spaces[side][flow].view(schema, pointer),
    compare: (before, after, place, flow, text) => {
      if (same(before, after)) return []
      const found: FoundFact[] = []
      const seen = new Set<string>()
      const waiting: [View, View, Text][] = [
        [spaces.base[flow].view(before, place.base), spaces.revision[flow].view(after, place.revision), text],
      ]
      // Schemas nest as deep as documents do; a list of what is left is deep enough for all of them.
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const [a, b, kind] = next
        const key = `${kind} ${a.key} ${b.key}`
        if (seen.has(key)) continue
        seen.add(key)
        const node = nodeOf(a, b, kind)
        found.push(...node.found)
        // What is inside a list that travels as text travels as text too, but for members of objects in a body.
        for (const child of node.children)
          waiting.push([child.base, child.revision, kind === 'none' ? 'none' : 'plain'])
      }
      return found
    },
  }
}

const compareNode = (a: View, b: View, text: Text, relation: Relation, same: SameSchema): Node => {
  if (isSame(a, b, same)) return { found: [], children: [] }
  const facts: SchemaFact[] = [...compareAnnotations(a, b)]
  let children: readonly Child[] = []
  // What does not travel in this flow may hold anything.
  if (isHidden(a) || isHidden(b)) {
    const own = compareValueSets(a, b, relation)
    facts.push(...own.facts.map((fact) => ({ ...fact, data: { ...fact.data, hidden: true } })))
  } else {
    const own = compareValueSets(a, b, relation)
    children = own.children
    facts.push(
      ...own.facts
        .filter((fact) => isReal(fact, a, b, relation))
        .map((fact) => settled(fact, a, b, relation)),
    )
    facts.push(...unexplained(a, b, relation, facts, children))
  }
  const pair = { base: a, revision: b, text }
  return {
    found: facts.map((fact) => {
      const [base, revision] = fact.views ?? [a, b]
      return { fact, pair: fact.views ? { base, revision, text } : pair }
    }),
    children,
  }
}

const isSame = (a: View, b: View, same: SameSchema): boolean => {
  if (a.atoms.length !== b.atoms.length) return false
  const [left, right] = [a, b].map(({ atoms }) => atoms.toSorted((x, y) => (x.pointer < y.pointer ? -1 : 1)))
  return Boolean(
    left?.every((atom, at) => atom.chosen === right?.[at]?.chosen && same(atom.node, right?.[at]?.node)),
  )
}

/** Differences of constraints that do not make a difference: the set is the same, since another keyword implies it. */
const isReal = (fact: SchemaFact, a: View, b: View, relation: Relation): boolean => {
  // Found with closer eyes than these.
  if (fact.kind.startsWith('property-') || fact.kind.startsWith('union-branch-')) return true
  if (fact.effect === 'narrowed') return !relation.holds(b, a)
  if (fact.effect === 'widened') return !relation.holds(a, b)
  return fact.effect === 'none' || !relation.holds(b, a) || !relation.holds(a, b)
}

/**
 * Where the keywords do not say which way a set went, a value may. That no value was found is no proof: what would be
 * harmless only then stays unknown.
 */
const settled = (fact: SchemaFact, a: View, b: View, relation: Relation): SchemaFact => {
  if (fact.effect !== 'unknown') return fact
  const isNarrower = counterexample(b, a, relation) !== undefined
  const isWider = counterexample(a, b, relation) !== undefined
  const isOpen =
    a.space.flow === 'request' ? !isNarrower && !relation.holds(b, a) : !isWider && !relation.holds(a, b)
  const effect = effectOf(isNarrower, isWider)
  return effect === 'none' || isOpen ? fact : { ...fact, effect }
}

/** Sets that differ though nothing said how: proven by a value, or else left open. */
const unexplained = (
  a: View,
  b: View,
  relation: Relation,
  facts: readonly SchemaFact[],
  children: readonly Child[],
): readonly SchemaFact[] => {
  if (isAny(a) && isAny(b)) return []
  const has = (effect: 'narrowed' | 'widened'): boolean =>
    facts.some((fact) => fact.effect === effect || fact.effect === 'changed' || fact.effect === 'unknown') ||
    children.some(({ base, revision }) =>
      effect === 'narrowed' ? !relation.holds(revision, base) : !relation.holds(base, revision),
    )
  const lost = has('narrowed') || relation.holds(b, a) ? undefined : counterexample(b, a, relation)
  const won = has('widened') || relation.holds(a, b) ? undefined : counterexample(a, b, relation)
  const isShared = (value: Json | undefined, outer: View): boolean =>
    value !== undefined && alternatives(outer).some((one) => accepts(one.view, value))
  const [losesShared, winsShared] = [isShared(lost, b), isShared(won, a)]
  const place = { base: a.pointer, revision: b.pointer, data: { keyword: 'schema' } }
  const plain = effectOf(lost !== undefined && !losesShared, won !== undefined && !winsShared)
  const shared = effectOf(losesShared, winsShared)
  return [
    ...(plain === 'none' ? [] : [{ kind: 'constraints-changed', effect: plain, ...place }]),
    // A value that several branches of a oneOf take is refused by it: by few servers, and by fewer readers.
    ...(shared === 'none' ? [] : [{ kind: 'one-of-overlap-changed', effect: shared, ...place }]),
  ]
}
