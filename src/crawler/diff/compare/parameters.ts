import { isObject, type Json, type JsonObject, memberOf, textAt } from '../../../openapi/json.ts'
import { alternatives } from '../../../openapi/schema/alternatives.ts'
import type { Flow } from '../../../openapi/schema/view.ts'
import type { Spec } from '../../../openapi/spec.ts'
import { lifecycleFacts } from './annotations.ts'
import type { Comparison, OperationPair, OperationSide } from './collector.ts'

interface Parameter {
  readonly name: string
  readonly in: string
  readonly value: JsonObject
  readonly pointer: string
  /** Path parameters by their place in the path, others by name; header names in small letters. */
  readonly key: string
}

/** Headers that OpenAPI says are described elsewhere: a parameter of that name is ignored. */
const ignoredHeaders = new Set(['accept', 'content-type', 'authorization'])

export const flowOf = (pair: OperationPair): Flow => (pair.sender === 'client' ? 'request' : 'response')

export const compareParameters = (
  comparison: Comparison,
  base: OperationSide,
  revision: OperationSide,
  pair: OperationPair,
): void => {
  const [before, after] = [parametersOf(base, comparison.base), parametersOf(revision, comparison.revision)]
  const gone: Parameter[] = []
  const fresh = new Map(after)
  for (const [key, parameter] of before) {
    const other = fresh.get(key)
    fresh.delete(key)
    if (other) compareParameter(comparison, parameter, other, pair)
    else gone.push(parameter)
  }
  for (const parameter of gone) {
    const moved = [...fresh.values()].find(({ name }) => name.toLowerCase() === parameter.name.toLowerCase())
    if (moved) {
      fresh.delete(moved.key)
      addMoved(comparison, parameter, moved, pair)
    } else addRemoved(comparison, parameter, pair)
  }
  for (const parameter of fresh.values()) addAdded(comparison, parameter, pair)
}

const parametersOf = (side: OperationSide, spec: Spec): ReadonlyMap<string, Parameter> => {
  const found = new Map<string, Parameter>()
  const variables = [...side.path.matchAll(/\{([^}]*)\}/g)].map(([, name = '']) => name)
  const list = memberOf(side.value, 'parameters')
  const own = Array.isArray(list) ? (list as readonly Json[]) : []
  const placed = [
    ...side.shared.map((value, at) => ({ value, pointer: `${side.sharedPointer}/${at}` })),
    ...own.map((value, at) => ({ value, pointer: `${side.pointer}/parameters/${at}` })),
  ]
  for (const { value, pointer } of placed) {
    const place = spec.follow(value, pointer)
    const name = textAt(place?.value, 'name')
    const location = textAt(place?.value, 'in')
    if (!place || name === undefined || location === undefined) continue
    if (location === 'header' && ignoredHeaders.has(name.toLowerCase())) continue
    const at = location === 'path' ? variables.indexOf(name) : -1
    const key = at >= 0 ? `path #${at}` : `${location} ${location === 'header' ? name.toLowerCase() : name}`
    found.set(key, { name, in: location, value: place.value, pointer: place.pointer, key })
  }
  return found
}

const wordsFor = (parameter: Parameter): string => `${parameter.in} parameter "${parameter.name}"`

const isRequired = (parameter: Parameter): boolean =>
  parameter.in === 'path' || parameter.value['required'] === true

const hasDefault = (parameter: Parameter, spec: Spec): boolean => {
  const schema = spec.follow(memberOf(parameter.value, 'schema'), '')?.value
  return schema?.['default'] !== undefined
}

const lifecycleOf = ({ value }: Parameter): Record<string, Json> => ({
  deprecated: value['deprecated'] === true,
  sunset: value['x-sunset'] ?? null,
  stability: value['x-stability-level'] ?? null,
})

const addRemoved = (comparison: Comparison, parameter: Parameter, pair: OperationPair): void =>
  comparison.add(
    {
      kind: 'parameter-removed',
      area: 'parameter',
      flow: flowOf(pair),
      effect: isRequired(parameter) ? 'widened' : 'none',
      subject: wordsFor(parameter),
      base: parameter.pointer,
      data: { in: parameter.in, required: isRequired(parameter), ...lifecycleOf(parameter) },
    },
    pair,
  )

const addAdded = (comparison: Comparison, parameter: Parameter, pair: OperationPair): void =>
  comparison.add(
    {
      kind: 'parameter-added',
      area: 'parameter',
      flow: flowOf(pair),
      effect: isRequired(parameter) ? 'narrowed' : 'none',
      subject: wordsFor(parameter),
      revision: parameter.pointer,
      data: {
        in: parameter.in,
        required: isRequired(parameter),
        default: hasDefault(parameter, comparison.revision),
      },
    },
    pair,
  )

const addMoved = (comparison: Comparison, before: Parameter, after: Parameter, pair: OperationPair): void => {
  comparison.add(
    {
      kind: 'parameter-moved',
      area: 'parameter',
      flow: flowOf(pair),
      effect: 'changed',
      subject: wordsFor(before),
      base: `${before.pointer}/in`,
      revision: `${after.pointer}/in`,
      before: before.in,
      after: after.in,
      data: { required: isRequired(after), wasRequired: isRequired(before) },
    },
    pair,
  )
  compareContents(comparison, before, after, pair)
}

const compareParameter = (
  comparison: Comparison,
  before: Parameter,
  after: Parameter,
  pair: OperationPair,
): void => {
  const place = { base: before.pointer, revision: after.pointer }
  const shared = { area: 'parameter', flow: flowOf(pair), subject: wordsFor(after) } as const
  const [was, is] = [isRequired(before), isRequired(after)]
  if (was !== is)
    comparison.add(
      {
        ...shared,
        kind: is ? 'parameter-became-required' : 'parameter-became-optional',
        effect: is ? 'narrowed' : 'widened',
        ...place,
        data: { in: after.in, default: hasDefault(after, comparison.revision) },
      },
      pair,
    )
  for (const fact of lifecycleFacts(
    (name) => before.value[name],
    (name) => after.value[name],
    place,
  ))
    comparison.add({ ...fact, ...shared }, pair)
  compareStyle(comparison, before, after, pair)
  compareContents(comparison, before, after, pair)
}

interface Style {
  readonly style: string
  readonly explode: boolean
  readonly allowReserved: boolean
}

const styleOf = (parameter: Parameter): Style => {
  const style =
    textAt(parameter.value, 'style') ?? (['query', 'cookie'].includes(parameter.in) ? 'form' : 'simple')
  const explode = parameter.value['explode']
  return {
    style,
    explode: typeof explode === 'boolean' ? explode : style === 'form',
    allowReserved: parameter.value['allowReserved'] === true,
  }
}

/** How a list or object is written down matters only where there may be one on both sides. */
const compareStyle = (
  comparison: Comparison,
  before: Parameter,
  after: Parameter,
  pair: OperationPair,
): void => {
  const [a, b] = [styleOf(before), styleOf(after)]
  const flow = flowOf(pair)
  const types = (side: 'base' | 'revision', { value, pointer }: Parameter): readonly string[] =>
    alternatives(comparison.schemas.view(side, flow, memberOf(value, 'schema'), `${pointer}/schema`)).map(
      ({ type }) => type,
    )
  if (a.style === b.style && a.explode === b.explode) return
  const [typesA, typesB] = [types('base', before), types('revision', after)]
  const isStructured = typesA.some((type) => (type === 'array' || type === 'object') && typesB.includes(type))
  const isPrefixed = ['label', 'matrix', 'deepObject'].some((style) => style === a.style || style === b.style)
  if (!isStructured && !(isPrefixed && a.style !== b.style)) return
  comparison.add(
    {
      kind: 'parameter-style-changed',
      area: 'parameter',
      flow,
      effect: 'changed',
      subject: wordsFor(after),
      base: before.pointer,
      revision: after.pointer,
      before: { style: a.style, explode: a.explode },
      after: { style: b.style, explode: b.explode },
    },
    pair,
  )
}

const compareContents = (
  comparison: Comparison,
  before: Parameter,
  after: Parameter,
  pair: OperationPair,
): void => {
  const [a, b] = [contentOf(before, comparison.base), contentOf(after, comparison.revision)]
  const style = styleOf(after)
  if (a.media !== b.media)
    comparison.add(
      {
        kind: 'parameter-content-changed',
        area: 'parameter',
        flow: flowOf(pair),
        effect: 'changed',
        subject: wordsFor(after),
        base: a.pointer,
        revision: b.pointer,
        before: a.media ?? null,
        after: b.media ?? null,
      },
      pair,
    )
  comparison.addSchemas(
    {
      area: 'parameter',
      flow: flowOf(pair),
      subject: wordsFor(after),
      base: a.schema,
      revision: b.schema,
      basePointer: a.pointer,
      revisionPointer: b.pointer,
      text: b.media !== undefined ? 'none' : style.style === 'form' && style.explode ? 'exploded' : 'plain',
      data: { in: after.in, required: isRequired(after) },
    },
    pair,
  )
}

interface Content {
  readonly media: string | undefined
  readonly schema: Json | undefined
  readonly pointer: string
}

/** A parameter or header has a schema, or the schema of its one media type. */
export const contentOf = ({ value, pointer }: Pick<Parameter, 'value' | 'pointer'>, spec: Spec): Content => {
  const [entry] = Object.entries(isObject(value['content']) ? value['content'] : {})
  if (!entry) return { media: undefined, schema: value['schema'], pointer: `${pointer}/schema` }
  const [media, described] = entry
  const place = `${pointer}/content/${media.replaceAll('~', '~0').replaceAll('/', '~1')}`
  const found = spec.follow(described, place)
  return { media, schema: memberOf(found?.value, 'schema'), pointer: `${found?.pointer ?? place}/schema` }
}
