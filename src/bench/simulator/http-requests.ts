/** A request as the simulator takes it: with a content-length or without a body, and nothing else. */
export interface RawRequest {
  readonly method: string
  readonly path: string
  readonly body: Buffer
  /** The client's own name for it. */
  readonly clientId?: string
}

const headEnd = Buffer.from('\r\n\r\n')
const requestMaxBytes = 16 * 2 ** 20

/** Cuts a connection's bytes into requests. Throws for what it does not speak. */
export const createRequestReader = () => {
  let held: Buffer = Buffer.alloc(0)

  return (chunk: Buffer): RawRequest[] => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    const requests: RawRequest[] = []
    for (;;) {
      const end = held.indexOf(headEnd)
      if (end < 0) break
      const head = held.toString('latin1', 0, end)
      const length = Number(/\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      const bodyStart = end + headEnd.length
      if (length > requestMaxBytes || /\ntransfer-encoding:/i.test(head)) throw new Error('not spoken here')
      if (held.length < bodyStart + length) break
      const [method = '', path = ''] = head.slice(0, head.indexOf('\r')).split(' ')
      const clientId = /\nx-request-id: *([^\r]+)/i.exec(head)?.[1]
      requests.push({
        method,
        path,
        body: held.subarray(bodyStart, bodyStart + length),
        ...(clientId !== undefined && { clientId }),
      })
      held = held.subarray(bodyStart + length)
    }
    return requests
  }
}
