import { createHash } from 'node:crypto'
import { McpdError } from '../core/errors.ts'
import type { HealthFinding } from './health.ts'
import { isObject } from './json.ts'
import { loadJson, type ParsedText, UnreadableText } from './load-json.ts'
import { loadYaml } from './load-yaml.ts'
import { defaultLimits, type DocumentLimits, type Position, type SourceDocument } from './source.ts'

/**
 * Reads the bytes of a document as JSON or YAML, whatever its name says, and remembers where everything stood.
 * Throws SPEC_INVALID with line and column; it never interprets what it reads.
 */
export const loadDocument = (
  bytes: Uint8Array,
  name: string,
  limits: DocumentLimits = defaultLimits,
): SourceDocument => {
  if (bytes.byteLength > limits.bytesMax)
    throw unreadable(name, `it has ${bytes.byteLength} bytes, more than ${limits.bytesMax}`)
  const decoded = decode(bytes)
  const text = decoded.startsWith('\uFEFF') ? decoded.slice(1) : decoded
  const lines = lineIndex(text)
  const looksLikeJson = /^\s*[{[]/.test(text)
  const parsed = parse(text, looksLikeJson, name, limits, lines)
  const mark: HealthFinding[] =
    text === decoded
      ? []
      : [{ id: 'byte-order-mark', level: 'info', pointer: '', message: 'It begins with a byte order mark.' }]
  return {
    name,
    format: parsed.format,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes: bytes.byteLength,
    value: parsed.value,
    health: [...mark, ...parsed.health],
    locate: (pointers) =>
      new Map([...parsed.offsetsOf(pointers)].map(([pointer, offset]) => [pointer, lines(offset)])),
  }
}

const decode = (bytes: Uint8Array): string => {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le', { ignoreBOM: true }).decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be', { ignoreBOM: true }).decode(bytes)
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

const parse = (
  text: string,
  looksLikeJson: boolean,
  name: string,
  limits: DocumentLimits,
  lines: (offset: number) => Position,
): ParsedText & { readonly format: 'json' | 'yaml' } => {
  const failed = (error: unknown): McpdError => {
    if (!(error instanceof UnreadableText)) throw error
    const { line, column } = lines(error.offset)
    return unreadable(`${name}:${line}:${column}`, error.message, error)
  }
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) throw unreadable(name, 'it is a web page')
  try {
    if (looksLikeJson) return checked({ ...loadJson(text, limits), format: 'json' }, name)
  } catch (error) {
    // A flow mapping of YAML begins as JSON does. If it is neither, what JSON says is of more use.
    const failure = failed(error)
    try {
      if (text.length < 5_000_000) return checked({ ...loadYaml(text, limits), format: 'yaml' }, name)
    } catch {
      throw failure
    }
    throw failure
  }
  try {
    return checked({ ...loadYaml(text, limits), format: 'yaml' }, name)
  } catch (error) {
    throw failed(error)
  }
}

/** Any text is YAML, so a login page or an error message would be: a document is a mapping. */
const checked = <Parsed extends ParsedText>(parsed: Parsed, name: string): Parsed => {
  if (isObject(parsed.value)) return parsed
  throw unreadable(name, 'it is not a mapping of names to values')
}

const unreadable = (name: string, why: string, cause?: unknown): McpdError =>
  new McpdError('SPEC_INVALID', `${name} cannot be read: ${why}.`, {}, cause)

const lineIndex = (text: string): ((offset: number) => Position) => {
  let starts: number[] | undefined
  return (offset) => {
    if (!starts) {
      starts = [0]
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
    }
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}
