import { isAlias, isMap, isScalar, isSeq, parseDocument, type Node, type Scalar } from 'yaml'
import type { HealthFinding } from './health.ts'
import { asText, isObject, type Json, setMember } from './json.ts'
import { duplicateKey, measure, type ParsedText, UnreadableText } from './load-json.ts'
import { below, segmentsOf } from './pointer.ts'
import type { DocumentLimits } from './source.ts'

/** Words that YAML 1.1 reads as booleans and 1.2, which OpenAPI asks for, as text. */
const oldBoolean = /^(y|n|yes|no|on|off)$/i

/** Throws UnreadableText. Read as YAML 1.2 with the merge keys of 1.1; keys become text, as JSON wants. */
export const loadYaml = (text: string, limits: DocumentLimits): ParsedText => {
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, keepSourceTokens: false })
  const [problem] = document.errors
  if (problem) throw new UnreadableText(problem.message, problem.pos[0], problem)
  const root = document.contents as Node | null
  const anchors = anchorsOf(root, limits)
  const reading: Reading = { health: [], anchors, done: new Map(), depthMax: limits.depthMax }
  for (const warning of document.warnings)
    reading.health.push({ id: 'yaml-warning', level: 'warning', pointer: '', message: warning.message })
  const value = plain(root, '', 0, reading)
  // An alias is one object however often it stands: counted as what it stands for, an alias bomb ends here.
  const { huge } = measure(value, limits)
  return {
    value,
    health: [...reading.health, ...huge],
    offsetsOf: (pointers) => offsetsOf(root, anchors, pointers),
  }
}

interface Reading {
  readonly health: HealthFinding[]
  readonly anchors: ReadonlyMap<Node, Node>
  readonly done: Map<Node, Json>
  readonly depthMax: number
}

/** Each alias with the node it names: the last of that anchor before it. */
const anchorsOf = (root: Node | null, { depthMax }: DocumentLimits): ReadonlyMap<Node, Node> => {
  const named = new Map<string, Node>()
  const found = new Map<Node, Node>()
  const visit = (node: unknown, depth: number): void => {
    if (depth > depthMax) throw new UnreadableText(`it nests deeper than ${depthMax} levels`, 0)
    if (isAlias(node)) {
      const target = named.get(node.source)
      if (!target) throw new UnreadableText(`the alias *${node.source} names nothing`, node.range?.[0] ?? 0)
      found.set(node, target)
      return
    }
    if (isMap(node) || isSeq(node) || isScalar(node)) {
      if (node.anchor !== undefined) named.set(node.anchor, node)
    }
    if (isMap(node))
      for (const { key, value } of node.items) {
        visit(key, depth + 1)
        visit(value, depth + 1)
      }
    else if (isSeq(node)) for (const item of node.items) visit(item, depth + 1)
  }
  visit(root, 0)
  return found
}

const plain = (node: unknown, pointer: string, depth: number, reading: Reading): Json => {
  // An alias that stands inside what it names comes past here for ever.
  if (depth > reading.depthMax) throw new UnreadableText('its aliases never end, or it nests too deep', 0)
  if (isAlias(node)) return plain(reading.anchors.get(node), pointer, depth + 1, reading)
  if (isScalar(node)) return scalar(node, pointer, reading)
  if (!isMap(node) && !isSeq(node)) return null
  const known = reading.done.get(node)
  if (known !== undefined) return known
  const value: Json = isSeq(node)
    ? node.items.map((item, at) => plain(item, below(pointer, at), depth + 1, reading))
    : mapping(node.items, pointer, depth, reading)
  if (node.anchor !== undefined) reading.done.set(node, value)
  return value
}

const mapping = (
  items: readonly { readonly key: unknown; readonly value: unknown }[],
  pointer: string,
  depth: number,
  reading: Reading,
): Json => {
  const target: Record<string, Json> = {}
  const merged: Json[] = []
  for (const { key, value } of items) {
    const name = keyText(key)
    const place = below(pointer, name)
    const read = plain(value, place, depth + 1, reading)
    if (name === '<<' && isScalar(key) && key.type === 'PLAIN') merged.push(...[read].flat())
    else {
      if (Object.hasOwn(target, name)) reading.health.push(duplicateKey(place, name))
      setMember(target, name, read)
    }
  }
  for (const source of merged)
    if (isObject(source))
      for (const [name, value] of Object.entries(source))
        if (!Object.hasOwn(target, name)) setMember(target, name, value)
  return target
}

/** Keys are text in JSON: `200:` is "200", and a date stays as it is written. */
const keyText = (key: unknown): string =>
  isScalar(key) ? (key.source ?? (key.value === null ? 'null' : asText(key.value))) : 'null'

const scalar = ({ value, source, type }: Scalar, pointer: string, reading: Reading): Json => {
  if (typeof value === 'string') {
    if (oldBoolean.test(value) && type === 'PLAIN' && isWordThatMatters(pointer))
      reading.health.push({
        id: 'yaml-1.1-word',
        level: 'info',
        pointer,
        message: `"${value}" is text here; parsers of YAML 1.1 read it as a boolean. Quote it.`,
      })
    return value
  }
  if (typeof value === 'number') return Number.isFinite(value) ? value : (source ?? null)
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'boolean') return value
  return null
}

/** In prose nobody minds; where values are compared it matters. */
const isWordThatMatters = (pointer: string): boolean => /\/(enum\/\d+|const|default|required)$/.test(pointer)

const offsetsOf = (
  root: Node | null,
  anchors: ReadonlyMap<Node, Node>,
  pointers: Iterable<string>,
): ReadonlyMap<string, number> => {
  const offsets = new Map<string, number>()
  for (const pointer of pointers) {
    const offset = offsetOf(root, anchors, segmentsOf(pointer))
    if (offset !== undefined) offsets.set(pointer, offset)
  }
  return offsets
}

const offsetOf = (
  root: unknown,
  anchors: ReadonlyMap<Node, Node>,
  segments: readonly string[],
): number | undefined => {
  let node = root
  let offset = startOf(root)
  for (const segment of segments) {
    if (isAlias(node)) node = anchors.get(node)
    if (isSeq(node)) {
      node = node.items[Number(segment)]
      offset = startOf(node)
    } else if (isMap(node)) {
      const pair = node.items.findLast(({ key }) => keyText(key) === segment)
      // A member that came by a merge key has no place of its own; its mapping is near enough.
      if (!pair) return offset
      node = pair.value
      offset = startOf(pair.key)
    } else return undefined
  }
  return offset
}

const startOf = (node: unknown): number | undefined => (node as Partial<Node> | null)?.range?.[0]
