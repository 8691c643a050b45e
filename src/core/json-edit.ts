import { McpdError } from './errors.ts'

/**
 * What becomes of one member of an object: `{ set }` replaces its value or adds the member, `'remove'` takes it
 * out with its comma, `{ members }` edits inside its object (an absent or null one is made), and `'keep'` only
 * refuses a duplicate of it.
 */
export type MemberEdit = { readonly set: unknown } | { readonly members: MemberEdits } | 'remove' | 'keep'
export type MemberEdits = Readonly<Record<string, MemberEdit>>

interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
}

/**
 * Edits members of a JSON object in its bytes. All bytes outside the edits stay as they are: white space, order,
 * the spelling of numbers and escapes. `bytes` must have been through JSON.parse. A member named in the edits that
 * is there twice is refused with BAD_REQUEST, for parsers differ on which of the two counts.
 */
export const editMembers = (bytes: Buffer, edits: MemberEdits): Buffer => {
  const splices: Splice[] = []
  const start = skipSpace(bytes, 0)
  if (bytes[start] !== openBrace) throw new McpdError('BAD_REQUEST', 'The body must be a JSON object.')
  editObject(bytes, start, edits, '', splices)
  return splices.length === 0 ? bytes : applySplices(bytes, splices)
}

const quote = 0x22
const comma = 0x2c
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
/** Begins `null`. */
const letterN = 0x6e
const openBrace = 0x7b
const closeBrace = 0x7d

/** Pushes the splices of one object in the order of their positions. */
const editObject = (
  bytes: Buffer,
  open: number,
  edits: MemberEdits,
  path: string,
  splices: Splice[],
): void => {
  const insertAt = splices.length
  const seen = new Set<string>()
  let kept = 0
  let lastEnd = open + 1
  let lastComma = -1
  /** Where the current run of removed members begins, and the comma before it. */
  let runStart = -1
  let runComma = -1
  for (let at = skipSpace(bytes, open + 1); bytes[at] !== closeBrace;) {
    const keyEnd = skipString(bytes, at)
    const valueStart = skipSpace(bytes, skipSpace(bytes, keyEnd) + 1)
    const valueEnd = skipValue(bytes, valueStart)
    const name = memberName(bytes, at, keyEnd)
    const edit = Object.hasOwn(edits, name) ? edits[name] : undefined
    if (edit !== undefined) {
      if (seen.has(name))
        throw new McpdError('BAD_REQUEST', `"${path}${name}" is there twice; send it once.`, {
          param: path + name,
        })
      seen.add(name)
    }
    if (edit === 'remove') {
      if (runStart === -1) {
        runStart = at
        runComma = lastComma
      }
    } else {
      if (runStart !== -1) splices.push({ start: runStart, end: at, text: '' })
      runStart = -1
      kept += 1
      if (edit !== undefined && edit !== 'keep')
        editValue(bytes, valueStart, valueEnd, edit, path + name, splices)
    }
    lastEnd = valueEnd
    at = skipSpace(bytes, valueEnd)
    if (bytes[at] === comma) {
      lastComma = at
      at = skipSpace(bytes, at + 1)
    }
  }
  if (runStart !== -1) splices.push({ start: runComma === -1 ? runStart : runComma, end: lastEnd, text: '' })
  const added = newMembers(edits, seen)
  if (added !== '')
    splices.splice(insertAt, 0, { start: open + 1, end: open + 1, text: kept > 0 ? `${added},` : added })
}

const editValue = (
  bytes: Buffer,
  start: number,
  end: number,
  edit: Exclude<MemberEdit, string>,
  path: string,
  splices: Splice[],
): void => {
  if ('set' in edit) splices.push({ start, end, text: JSON.stringify(edit.set) })
  else if (bytes[start] === openBrace) editObject(bytes, start, edit.members, `${path}.`, splices)
  else if (bytes[start] === letterN) {
    const made = newMembers(edit.members)
    if (made !== '') splices.push({ start, end, text: `{${made}}` })
  } else throw new McpdError('BAD_REQUEST', `"${path}" must be an object.`, { param: path })
}

/** The members that the edits add, as JSON text with commas between them. */
const newMembers = (edits: MemberEdits, seen?: ReadonlySet<string>): string => {
  const added: string[] = []
  for (const name of Object.keys(edits)) {
    const edit = edits[name]!
    if (edit === 'remove' || edit === 'keep' || seen?.has(name)) continue
    if ('set' in edit) added.push(`${JSON.stringify(name)}:${JSON.stringify(edit.set)}`)
    else {
      const made = newMembers(edit.members)
      if (made !== '') added.push(`${JSON.stringify(name)}:{${made}}`)
    }
  }
  return added.join(',')
}

const memberName = (bytes: Buffer, start: number, end: number): string => {
  const text = bytes.toString('utf8', start + 1, end - 1)
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text
}

const applySplices = (bytes: Buffer, splices: readonly Splice[]): Buffer => {
  let length = bytes.length
  for (const { start, end, text } of splices) length += Buffer.byteLength(text) - (end - start)
  const edited = Buffer.allocUnsafe(length)
  let from = 0
  let to = 0
  for (const { start, end, text } of splices) {
    to += bytes.copy(edited, to, from, start)
    to += edited.write(text, to)
    from = end
  }
  bytes.copy(edited, to, from)
  return edited
}

// ---- scanning ----

const cutShort = (): Error => new Error('These bytes are not the JSON they were said to be.')

const skipSpace = (bytes: Buffer, from: number): number => {
  let at = from
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at
  }
  throw cutShort()
}

const skipValue = (bytes: Buffer, start: number): number => {
  const first = bytes[start]
  if (first === quote) return skipString(bytes, start)
  if (first === openBrace || first === openBracket) return skipNested(bytes, start)
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at]!
    if (byte === comma || byte === closeBrace || byte === closeBracket || byte <= 0x20) return at
  }
  throw cutShort()
}

const skipNested = (bytes: Buffer, start: number): number => {
  let depth = 0
  for (let at = start; at < bytes.length;) {
    const byte = bytes[at]
    if (byte === quote) {
      at = skipString(bytes, at)
      continue
    }
    if (byte === openBrace || byte === openBracket) depth += 1
    else if (byte === closeBrace || byte === closeBracket) depth -= 1
    at += 1
    if (depth === 0) return at
  }
  throw cutShort()
}

/** Bytes of a string looked at one by one before the native search, which costs more to call, takes over. */
const nearBytes = 48

/** The position after the closing quote of the string that opens at `open`. */
const skipString = (bytes: Buffer, open: number): number => {
  let at = open + 1
  for (;;) {
    const near = Math.min(at + nearBytes, bytes.length)
    while (at < near) {
      const byte = bytes[at]
      if (byte === quote) return at + 1
      at += byte === backslash ? 2 : 1
    }
    const end = bytes.indexOf(quote, at)
    if (end === -1) throw cutShort()
    let slashes = 0
    while (end - slashes > at && bytes[end - slashes - 1] === backslash) slashes += 1
    if (slashes % 2 === 0) return end + 1
    at = end + 1
  }
}
