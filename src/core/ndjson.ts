import { McpdError } from './errors.ts'

/** Largest line a decoder holds, in bytes; a longer one is BACKEND_ERROR. */
export const ndjsonLineMaxBytes = 16 * 1024 * 1024

export interface NdjsonLine {
  /** The line without its end; '' for a blank line. A carriage return stays: it is white space to JSON. */
  readonly text: string
  /** The exact bytes with the line feed. All `raw` of a stream in order are the stream. */
  readonly raw: Buffer
}

export interface NdjsonDecoder {
  /** The lines that this chunk completes. Throws BACKEND_ERROR past the maximum size. */
  push(chunk: Buffer): NdjsonLine[]
  /** At the end of the stream: a last line that has no line feed. */
  end(): NdjsonLine | undefined
}

const lineFeed = 0x0a

/**
 * An incremental decoder of newline-delimited JSON, or with another `ending` of JSON that ends in that byte. Lines of
 * whole chunks are not copied.
 */
export const createNdjsonDecoder = (lineMaxBytes = ndjsonLineMaxBytes, ending = lineFeed): NdjsonDecoder => {
  let pending: Buffer[] = []
  let pendingBytes = 0

  const guardSize = (bytes: number): void => {
    if (bytes > lineMaxBytes)
      throw new McpdError('BACKEND_ERROR', `The backend sent a line of more than ${lineMaxBytes} bytes.`)
  }

  const take = (part: Buffer): Buffer => {
    guardSize(pendingBytes + part.length)
    if (pending.length === 0) return part
    const whole = Buffer.concat([...pending, part], pendingBytes + part.length)
    pending = []
    pendingBytes = 0
    return whole
  }

  const push = (chunk: Buffer): NdjsonLine[] => {
    const lines: NdjsonLine[] = []
    let start = 0
    for (let end = chunk.indexOf(ending); end !== -1; end = chunk.indexOf(ending, start)) {
      const raw = take(chunk.subarray(start, end + 1))
      lines.push({ text: raw.toString('utf8', 0, raw.length - 1), raw })
      start = end + 1
    }
    if (start < chunk.length) {
      pendingBytes += chunk.length - start
      guardSize(pendingBytes)
      pending.push(start === 0 ? chunk : chunk.subarray(start))
    }
    return lines
  }

  const end = (): NdjsonLine | undefined => {
    const raw = take(Buffer.alloc(0))
    return raw.length === 0 ? undefined : { text: raw.toString('utf8'), raw }
  }

  return { push, end }
}

/** One value as a line. */
export const encodeNdjson = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value)}\n`)
