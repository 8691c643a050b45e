import { isList, isObject, type Json, type JsonObject, memberOf } from '../json.ts'
import { below } from '../pointer.ts'
import { referenceOf } from '../grammar.ts'
import type { Spec } from '../spec.ts'

/** Who sends the value: the client (request) or the server (response). readOnly and writeOnly depend on it. */
export type Flow = 'request' | 'response'

/** A schema object taking part in a conjunction. */
export interface Atom {
  readonly node: JsonObject
  readonly pointer: string
  /** Union keywords of the node of which one branch has been chosen, and which no longer count. */
  readonly chosen: number
}

/** A value set: what all the atoms allow together. The same atoms give the same key. */
export interface View {
  readonly space: Space
  readonly key: string
  readonly atoms: readonly Atom[]
  /** Where it stands: of the schema it was made of, references followed. */
  readonly pointer: string
  /** The name of the component it was made of by a reference. */
  readonly label?: string
}

/** The schemas of one spec as seen by one flow. */
export interface Space {
  readonly id: number
  readonly spec: Spec
  readonly flow: Flow
  /** The value set of a schema. A reference that leads nowhere allows everything. */
  view(schema: Json | undefined, pointer: string): View
  /** What all of them allow. */
  both(views: readonly View[]): View
  /** Values found once per view. */
  readonly memory: Map<string, unknown>
  readonly any: View
  readonly never: View
}

export const chosenAnyOf = 1
export const chosenOneOf = 2

const neverNode: JsonObject = { not: {} }
/** References and `allOf` nested deeper than this are taken to allow everything. */
const depthMax = 1000

const nodeIds = new WeakMap<object, number>()
let nextNodeId = 1
let nextSpaceId = 1

const idOf = (node: object): number => {
  const known = nodeIds.get(node)
  if (known !== undefined) return known
  nodeIds.set(node, nextNodeId)
  return nextNodeId++
}

export const createSpace = (spec: Spec, flow: Flow): Space => {
  const id = nextSpaceId++
  const seen = new WeakMap<object, View>()
  const memory = new Map<string, unknown>()
  const made = (atoms: readonly Atom[], pointer: string, label?: string): View => {
    const distinct = new Map<string, Atom>()
    for (const atom of atoms) distinct.set(`${idOf(atom.node)}.${atom.chosen}`, atom)
    const parts = [...distinct].toSorted(([left], [right]) => (left < right ? -1 : 1))
    const key = `${id}:${parts.map(([name]) => name).join(',')}`
    return {
      space,
      key,
      atoms: parts.map(([, atom]) => atom),
      pointer,
      ...(label !== undefined && { label }),
    }
  }
  const collect = (
    schema: Json | undefined,
    pointer: string,
    depth: number,
    atoms: Map<object, Atom>,
  ): void => {
    if (schema === false) atoms.set(neverNode, { node: neverNode, pointer, chosen: 0 })
    if (!isObject(schema) || depth > depthMax || atoms.has(schema)) return
    // `$ref` beside other keywords: both count.
    if (!isNeutral(schema)) atoms.set(schema, { node: schema, pointer, chosen: 0 })
    const reference = referenceOf(schema)
    if (reference !== undefined) {
      const target = targetOf(spec, reference)
      if (target) collect(target.value, target.pointer, depth + 1, atoms)
    }
    const { allOf } = schema
    if (isList(allOf))
      for (const [at, branch] of allOf.entries()) collect(branch, `${pointer}/allOf/${at}`, depth + 1, atoms)
  }
  const space: Space = {
    id,
    spec,
    flow,
    memory,
    view: (schema, pointer) => {
      if (isObject(schema)) {
        const known = seen.get(schema)
        if (known) return known
      }
      const atoms = new Map<object, Atom>()
      collect(schema, pointer, 0, atoms)
      const home = homeOf(spec, schema, pointer)
      const view = made([...atoms.values()], home.pointer, home.label)
      if (isObject(schema)) seen.set(schema, view)
      return view
    },
    both: (views) => {
      const [first] = views
      if (!first || views.length === 0) return space.any
      if (views.every(({ key }) => key === first.key)) return first
      return made(
        views.flatMap(({ atoms }) => atoms),
        first.pointer,
        first.label,
      )
    },
    get any() {
      return made([], '')
    },
    get never() {
      return made([{ node: neverNode, pointer: '', chosen: 0 }], '')
    },
  }
  return space
}

/** A node that only refers or only annotates takes no part: its key would tell apart what is the same. */
const isNeutral = (schema: JsonObject): boolean =>
  Object.keys(schema).every((name) => name === '$ref' || name === 'allOf' || neutral.has(name))

const neutral = new Set([
  'title',
  'description',
  'externalDocs',
  'example',
  'examples',
  '$comment',
  'xml',
  '$defs',
  'definitions',
])

const targetOf = (spec: Spec, reference: string): { value: Json; pointer: string } | undefined => {
  const place = spec.follow({ $ref: reference }, '')
  if (place) return place
  // `true` and `false` are schemas and no objects.
  return undefined
}

/** Where a schema is at home: what a bare reference names, or where it stands itself. */
const homeOf = (
  spec: Spec,
  schema: Json | undefined,
  pointer: string,
): { pointer: string; label?: string } => {
  const reference = referenceOf(schema)
  if (reference === undefined || !isObject(schema)) return { pointer }
  const place = spec.follow({ $ref: reference }, pointer)
  const label = reference.slice(reference.lastIndexOf('/') + 1)
  return Object.keys(schema).length === 1 && place ? { pointer: place.pointer, label } : { pointer, label }
}

/** The view of a schema-valued keyword of an atom, or undefined where the atom has none. */
export const part = (space: Space, atom: Atom, keyword: string): View | undefined => {
  const value = memberOf(atom.node, keyword)
  return isObject(value) || typeof value === 'boolean'
    ? space.view(value, below(atom.pointer, keyword))
    : undefined
}

/** The views of a keyword that holds schemas by name. */
export const parts = (space: Space, atom: Atom, keyword: string): readonly (readonly [string, View])[] => {
  const value = memberOf(atom.node, keyword)
  if (!isObject(value)) return []
  const place = below(atom.pointer, keyword)
  return Object.entries(value).map(([name, schema]) => [name, space.view(schema, below(place, name))])
}

/** The views of a keyword that holds a list of schemas. */
export const branches = (space: Space, atom: Atom, keyword: string): readonly View[] => {
  const value = memberOf(atom.node, keyword)
  if (!isList(value)) return []
  return value.map((schema, at) => space.view(schema, `${atom.pointer}/${keyword}/${at}`))
}

/** What is said of a value set beside what it allows; the first atom that says it counts. */
export const annotation = (view: View, name: string): Json | undefined => {
  for (const { node } of view.atoms) {
    const value = memberOf(node, name)
    if (value !== undefined) return value
  }
  return undefined
}

/** Whether values of this view do not travel in its flow: readOnly in a request, writeOnly in a response. */
export const isHidden = (view: View): boolean =>
  view.atoms.some(({ node }) => node[view.space.flow === 'request' ? 'readOnly' : 'writeOnly'] === true)

/** Whether nothing is constrained. */
export const isAny = (view: View): boolean =>
  view.atoms.every(({ node }) =>
    Object.keys(node).every((name) => neutral.has(name) || annotating.has(name) || name.startsWith('x-')),
  )

const annotating = new Set([
  'default',
  'deprecated',
  'readOnly',
  'writeOnly',
  '$ref',
  'allOf',
  '$id',
  '$schema',
  '$anchor',
  'discriminator',
])

export const isNever = (view: View): boolean => view.atoms.some(({ node }) => node === neverNode)
