/** A request as it went over the wire. */
export interface WireRequest {
  readonly method: string
  /** Absolute URL, exactly as sent: nothing in it was normalised. */
  readonly url: string
  /** Credentials included; hide them with `publicHeaders` before they are shown. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body?: string
  readonly bodyEncoding?: 'utf8' | 'base64'
}

export interface WireResponse {
  readonly status: number
  /** Lower-case names; values of a repeated header are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  /** As text; cut at the limit of the run. */
  readonly body: string
  readonly bodyBytes: number
  readonly isCut: boolean
}

/** No answer, or none that was whole. `stopped` is our own doing: the run ended. */
export type FailureKind = 'dropped' | 'timeout' | 'refused' | 'malformed' | 'flood' | 'stopped'

export interface Exchange {
  /** `GET /pets/{petId}`. */
  readonly operation: string
  readonly request: WireRequest
  /** Absent where the connection failed before an answer. */
  readonly response?: WireResponse
  readonly failure?: { readonly kind: FailureKind; readonly message: string }
  readonly timings: {
    /** Since the run began. */
    readonly sentMs: number
    /** From sending to the answer's head. */
    readonly headMs: number
    /** From sending to the first byte of the body; for streams the first token. */
    readonly firstByteMs: number
    readonly totalMs: number
  }
}

const secretHeaders =
  /^(authorization|cookie|set-cookie|proxy-authorization)$|key|token|secret|password|session/i

/** Headers without what they keep secret: `[name, '…']`. */
export const publicHeaders = (
  headers: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] =>
  headers.map(([name, value]) => [name, secretHeaders.test(name) ? '…' : value] as const)
