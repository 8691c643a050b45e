import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import { McpdError } from './errors.ts'

export interface ParsedFile {
  readonly value: Readonly<Record<string, unknown>>
  /** `path:line` of every member and item, by JSON pointer. */
  readonly lines: ReadonlyMap<string, string>
}

/** The JSON pointer of a member or item of `pointer`. */
export const below = (pointer: string, key: string | number): string =>
  `${pointer}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`

/** Reads YAML and remembers where everything stood. Throws CONFIG_INVALID, without quoting the text. */
export const parseConfigFile = (text: string, path: string): ParsedFile => {
  const counter = new LineCounter()
  const lineOf = (offset: number) => `${path}:${counter.linePos(offset).line}`
  // The pretty form of an error quotes the lines around it, which may hold a secret.
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true, prettyErrors: false })
  const [problem] = document.errors
  if (problem) throw invalid(`${lineOf(problem.pos[0])}: ${problem.message}`, problem)
  const lines = new Map<string, string>()
  recordLines(document.contents, '', (pointer, offset) => lines.set(pointer, lineOf(offset)))
  const value: unknown = toPlain(() => document.toJS({ maxAliasCount: 100 }), path) ?? {}
  if (typeof value !== 'object' || Array.isArray(value))
    throw invalid(`${path}:1: a config file is a mapping of names to values.`)
  return { value: value as ParsedFile['value'], lines }
}

const toPlain = (convert: () => unknown, path: string): unknown => {
  try {
    const value = convert()
    // An alias may stand inside what it names; whatever walks the value later would never return.
    JSON.stringify(value)
    return value
  } catch (error) {
    throw invalid(`${path}: its aliases name nothing, repeat too much or never end.`, error)
  }
}

const recordLines = (
  node: unknown,
  pointer: string,
  record: (pointer: string, offset: number) => void,
): void => {
  if (isMap(node))
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : ''
      if (isScalar(key)) record(below(pointer, name), key.range?.[0] ?? 0)
      recordLines(value, below(pointer, name), record)
    }
  else if (isSeq(node))
    for (const [index, item] of node.items.entries()) {
      const range = (item as { range?: [number, number, number] | null }).range
      if (range) record(below(pointer, index), range[0])
      recordLines(item, below(pointer, index), record)
    }
}

const invalid = (message: string, cause?: unknown): McpdError =>
  new McpdError('CONFIG_INVALID', message, {}, cause)
