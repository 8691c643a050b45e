/** HTTP towards one backend. Injected, so that bench can stamp bytes and tests can play a backend. */
export interface Transport {
  /** Resolves when the response head is there. Throws McpdError: BACKEND_UNAVAILABLE, or the signal's reason. */
  send(request: TransportRequest): Promise<TransportResponse>
  close(): Promise<void>
}

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'HEAD' | 'PUT' | 'PATCH'
  /** Path below the base URL, beginning with a slash. */
  readonly path: string
  /** Lower-case names. The host header is always the backend's. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
  readonly signal: AbortSignal
}

export interface TransportResponse {
  readonly status: number
  /** Lower-case names; the last value of a repeated header. */
  readonly headers: Readonly<Record<string, string>>
  /** The body as it comes, with back-pressure on the socket. Leaving the loop early destroys the connection. */
  readonly body: AsyncIterable<Buffer>
  /** The whole body. Throws BACKEND_ERROR past `maxBytes`. */
  bytes(maxBytes: number): Promise<Buffer>
}
