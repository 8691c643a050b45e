import { connect } from 'node:net'

export interface ConnectionEvents {
  /** Bytes of a body as they come, with their chunk framing. */
  body(bytes: Buffer): void
  /** An answer is complete. */
  end(status: number): void
  /** The connection is gone, and will not be opened again. */
  lost(): void
}

export interface Connection {
  send(): void
  close(): void
}

const headEnd = '\r\n\r\n'
/** No server-sent event and no JSON ends in this, so it need not be looked for chunk by chunk. */
const lastChunk = '0\r\n\r\n'

/** A keep-alive HTTP/1.1 connection that sends one and the same request; as cheap as can be, since load must be. */
export const openConnection = (url: URL, request: Buffer, events: ConnectionEvents): Connection => {
  const socket = connect(Number(url.port), url.hostname).setNoDelay()
  let head: Buffer | undefined = Buffer.alloc(0)
  let status = 0
  /** Infinity for a chunked body. */
  let remainingBytes = 0
  let tail = ''
  let isClosed = false

  /** The bytes after the head, once that is there. */
  const readHead = (bytes: Buffer): Buffer | undefined => {
    head = Buffer.concat([head!, bytes])
    const end = head.indexOf(headEnd)
    if (end < 0) return undefined
    const text = head.toString('latin1', 0, end)
    const length = /\ncontent-length: *(\d+)/i.exec(text)
    status = Number(text.slice(9, 12))
    remainingBytes = length ? Number(length[1]) : Number.POSITIVE_INFINITY
    const rest = head.subarray(end + headEnd.length)
    head = undefined
    return rest
  }

  socket.on('data', (bytes) => {
    const body = head ? readHead(bytes) : bytes
    if (!body) return
    if (body.length > 0) events.body(body)
    remainingBytes -= body.length
    tail = (tail + body.toString('latin1', Math.max(0, body.length - lastChunk.length))).slice(
      -lastChunk.length,
    )
    if (remainingBytes > 0 && !(remainingBytes === Number.POSITIVE_INFINITY && tail === lastChunk)) return
    head = Buffer.alloc(0)
    tail = ''
    events.end(status)
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    if (!isClosed) events.lost()
  })
  return {
    send: () => void socket.write(request),
    close: () => {
      isClosed = true
      socket.destroy()
    },
  }
}
