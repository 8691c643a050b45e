import { McpdError } from './errors.ts'

/** Largest event a decoder holds, in bytes; a longer one is BACKEND_ERROR. */
export const sseEventMaxBytes = 16 * 1024 * 1024

/**
 * One block of a stream, up to and with the blank line that ends it. A block that dispatches nothing by the
 * standard (a comment, a lone blank line, an event without data) comes out too, so that it can pass through:
 * its `data` is undefined.
 */
export interface SseEvent {
  /** The type as named by `event:`; '' for an ordinary message. */
  readonly event: string
  readonly data: string | undefined
  readonly id?: string
  /** llama.cpp before 2025-03 reports a failed stream in this field, which the standard ignores. */
  readonly error?: string
  /** The exact bytes. All `raw` of a stream in order are the stream. */
  readonly raw: Buffer
}

export interface SseDecoder {
  /** The events that this chunk completes. Throws BACKEND_ERROR past the maximum size. */
  push(chunk: Buffer): SseEvent[]
  /** At the end of the stream: what broke off before its blank line. The standard says to drop it. */
  end(): SseEvent | undefined
}

const lineFeed = 0x0a
const carriageReturn = 0x0d
const space = 0x20

/** An incremental decoder of the event stream format of the HTML standard. Events of whole chunks are not copied. */
export const createSseDecoder = (eventMaxBytes = sseEventMaxBytes): SseDecoder => {
  let pending: Buffer[] = []
  let pendingBytes = 0
  /** Whether the current line is empty so far: a line end here ends the block. */
  let lineIsEmpty = true
  /** The last chunk ended with CR: a line feed that opens the next one belongs to the same line end. */
  let awaitsLineFeed = false
  let isFirst = true

  const guardSize = (bytes: number): void => {
    if (bytes > eventMaxBytes)
      throw new McpdError('BACKEND_ERROR', `The backend sent an event of more than ${eventMaxBytes} bytes.`)
  }

  const take = (part: Buffer): Buffer => {
    guardSize(pendingBytes + part.length)
    if (pending.length === 0) return part
    const whole = Buffer.concat([...pending, part], pendingBytes + part.length)
    pending = []
    pendingBytes = 0
    return whole
  }

  const parse = (raw: Buffer): SseEvent => {
    const text = raw.toString('utf8')
    const isBom = isFirst && text.codePointAt(0) === 0xfeff
    isFirst = false
    return parseBlock(isBom ? text.slice(1) : text, raw)
  }

  const push = (chunk: Buffer): SseEvent[] => {
    const events: SseEvent[] = []
    const { length } = chunk
    let start = 0
    /** End of the block's first line, when the block began in this chunk and has one line so far. */
    let onlyLineEnd = -1
    let lines = pending.length === 0 ? 0 : 2
    for (let at = awaitsLineFeed && chunk[0] === lineFeed ? 1 : 0; at < length; at += 1) {
      const byte = chunk[at]!
      if (byte !== lineFeed && byte !== carriageReturn) {
        lineIsEmpty = false
        continue
      }
      const lineEnd = at
      if (byte === carriageReturn && chunk[at + 1] === lineFeed) at += 1
      if (!lineIsEmpty) {
        lineIsEmpty = true
        lines += 1
        if (lines === 1) onlyLineEnd = lineEnd
        continue
      }
      const raw = take(chunk.subarray(start, at + 1))
      const data = lines === 1 ? onlyData(raw, onlyLineEnd - start) : undefined
      if (data === undefined) events.push(parse(raw))
      else {
        isFirst = false
        events.push({ event: '', data, raw })
      }
      start = at + 1
      lines = 0
    }
    if (length > 0) awaitsLineFeed = chunk[length - 1] === carriageReturn
    if (start < length) {
      pendingBytes += length - start
      guardSize(pendingBytes)
      pending.push(start === 0 ? chunk : chunk.subarray(start))
    }
    return events
  }

  const end = (): SseEvent | undefined => {
    const raw = take(Buffer.alloc(0))
    return raw.length === 0 ? undefined : parse(raw)
  }

  return { push, end }
}

/** The value of a block that is nothing but one `data:` line, which is what model servers send. */
const onlyData = (raw: Buffer, lineEnd: number): string | undefined =>
  raw[0] === 0x64 && raw[1] === 0x61 && raw[2] === 0x74 && raw[3] === 0x61 && raw[4] === 0x3a
    ? raw.toString('utf8', raw[5] === space ? 6 : 5, lineEnd)
    : undefined

const parseBlock = (text: string, raw: Buffer): SseEvent => {
  let event = ''
  let data: string | undefined
  let id: string | undefined
  let error: string | undefined
  for (const line of text.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') data = data === undefined ? value : `${data}\n${value}`
    else if (field === 'event') event = value
    else if (field === 'error') error = value
    else if (field === 'id' && !value.includes('\0')) id = value
  }
  return { event, data, ...(id !== undefined && { id }), ...(error !== undefined && { error }), raw }
}

/** One event on the wire. `data` may have several lines; `event` must not. */
export const encodeSse = ({ event, data }: { readonly event?: string; readonly data: string }): Buffer => {
  const head = event ? `event: ${event}\n` : ''
  const body = /[\r\n]/.test(data) ? data.replaceAll(/\r\n|\n|\r/g, '\ndata: ') : data
  return Buffer.from(`${head}data: ${body}\n\n`)
}
