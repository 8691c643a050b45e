import type { HealthFinding } from './health.ts'
import { isList, type Json } from './json.ts'
import { walkJsonText } from './json-text.ts'
import { below, segmentsOf } from './pointer.ts'
import type { DocumentLimits } from './source.ts'

/** What both readers hand to `loadDocument`. Offsets are in UTF-16 units of the text. */
export interface ParsedText {
  readonly value: Json
  readonly health: readonly HealthFinding[]
  offsetsOf(pointers: Iterable<string>): ReadonlyMap<string, number>
}

/** Thrown by the readers; `loadDocument` turns it into SPEC_INVALID with line and column. */
export class UnreadableText extends Error {
  readonly offset: number
  constructor(message: string, offset: number, cause?: unknown) {
    super(message, { cause })
    this.name = 'UnreadableText'
    this.offset = offset
  }
}

/** Throws UnreadableText. The text is read again for what JSON.parse does not say, and only when there is reason to. */
export const loadJson = (text: string, limits: DocumentLimits): ParsedText => {
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch (error) {
    throw new UnreadableText(messageOf(error), offsetIn(error, text), error)
  }
  const { names, huge } = measure(value, limits)
  const health = [...(countNames(text) === names ? [] : duplicateKeys(text)), ...huge]
  return { value, health, offsetsOf: (pointers) => offsetsOf(text, pointers) }
}

/** Names as they are written: what the parsed value has fewer of stood there twice. */
const countNames = (text: string): number => {
  // Inside of a text a quotation mark comes after a backslash.
  const name = /(?<!\\)"\s*:/g
  let count = 0
  while (name.test(text)) count++
  return count
}

const messageOf = (error: unknown): string =>
  // V8 quotes the text around the place, which may be long.
  error instanceof Error ? error.message.replace(/, "?\.{3}[\s\S]*| in JSON at[\s\S]*/, '') : String(error)

const offsetIn = (error: unknown, text: string): number => {
  const position = /at position (\d+)/.exec(String(error))?.[1]
  return position === undefined ? text.length : Number(position)
}

/** Holds the limits, counts the names so that duplicates show, and finds numbers that were rounded when they were read. */
export const measure = (
  root: Json,
  { depthMax, nodesMax }: DocumentLimits,
): { readonly names: number; readonly huge: readonly HealthFinding[] } => {
  let nodes = 0
  let names = 0
  const huge: HealthFinding[] = []
  const path: (string | number)[] = []
  const visit = (value: Json): void => {
    if (++nodes > nodesMax) throw new UnreadableText(`it has more than ${nodesMax} values`, 0)
    if (typeof value === 'object' && value !== null) {
      const depth = path.length
      if (depth > depthMax) throw new UnreadableText(`it nests deeper than ${depthMax} levels`, 0)
      if (isList(value))
        for (let at = 0; at < value.length; at++) {
          path[depth] = at
          visit(value[at] ?? null)
        }
      else
        for (const name of Object.keys(value)) {
          names++
          path[depth] = name
          visit(value[name] ?? null)
        }
      path.length = depth
    } else if (
      typeof value === 'number' &&
      Math.abs(value) > Number.MAX_SAFE_INTEGER &&
      Number.isInteger(value)
    )
      huge.push(hugeNumber(path.reduce<string>(below, ''), value))
  }
  visit(root)
  return { names, huge: huge.slice(0, findingsMax) }
}

/** Findings of one kind beyond this many are left out. */
const findingsMax = 1000

const duplicateKeys = (text: string): readonly HealthFinding[] => {
  const health: HealthFinding[] = []
  const path: string[] = ['']
  const seen = new WeakMap<object, Set<string>>()
  walkJsonText(text, {
    enter(name, _offset, owner) {
      const pointer = below(path.at(-1) ?? '', name)
      path.push(pointer)
      if (typeof name === 'number') return true
      const names = seen.get(owner) ?? new Set()
      seen.set(owner, names)
      if (names.has(name)) health.push(duplicateKey(pointer, name))
      names.add(name)
      return true
    },
    leave: () => void path.pop(),
  })
  return health
}

export const duplicateKey = (pointer: string, name: string): HealthFinding => ({
  id: 'duplicate-key',
  level: 'error',
  pointer,
  message: `The key "${name}" stands here more than once; the last one counts.`,
})

const hugeNumber = (pointer: string, value: number): HealthFinding => ({
  id: 'number-too-large',
  level: 'info',
  pointer,
  message: `A number past 2^53 stands here; it is compared as ${value}.`,
})

interface Wanted {
  readonly children: Map<string, Wanted>
  readonly pointer?: string
}

const offsetsOf = (text: string, pointers: Iterable<string>): ReadonlyMap<string, number> => {
  const offsets = new Map<string, number>()
  const root = wantedTree(pointers)
  if (root.pointer !== undefined) offsets.set('', 0)
  const path: Wanted[] = [root]
  walkJsonText(text, {
    enter(name, offset) {
      const wanted = path.at(-1)?.children.get(String(name))
      if (!wanted) return false
      if (wanted.pointer !== undefined) offsets.set(wanted.pointer, offset)
      if (wanted.children.size === 0) return false
      path.push(wanted)
      return true
    },
    leave: () => void path.pop(),
  })
  return offsets
}

const wantedTree = (pointers: Iterable<string>): Wanted => {
  type Growing = { children: Map<string, Growing>; pointer?: string }
  const root: Growing = { children: new Map() }
  for (const pointer of pointers) {
    let place = root
    for (const segment of segmentsOf(pointer)) {
      const next = place.children.get(segment) ?? { children: new Map() }
      place.children.set(segment, next)
      place = next
    }
    place.pointer = pointer
  }
  return root
}
