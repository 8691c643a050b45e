import type {
  Operation,
  InferenceEvent,
  InferenceRequest,
  InferenceResponse,
  Usage,
} from '../../core/inference.ts'
import { type ErrorCode, type ErrorDetails, isErrorCode, McpdError } from '../../core/errors.ts'

/**
 * What the daemon and a sidecar say to each other.
 *
 * Over the IPC channel: the daemon sends one SidecarStart, the sidecar one SidecarReport. The channel breaks when the
 * daemon dies, which is how the sidecar knows.
 *
 * Over HTTP on a Unix socket in a directory of the daemon's user:
 * - `POST /infer` takes a WireRequest and answers application/x-ndjson, one WireLine a line. Closing the connection
 *   aborts the inference. An `error` line is the last one.
 * - `GET /models`, `/health` and `/capabilities` answer JSON; what failed answers status 500 and a WireError.
 */

export interface SidecarStart {
  /** Which adapter: one that mcpd brings, or the default export of a module by its URL. */
  readonly type: string
  readonly moduleUrl?: string
  /** Secrets may be in here, so it is neither an argument nor an environment variable. */
  readonly options: unknown
}

/** `failed` is final: starting again would fail again. */
export type SidecarReport = { readonly type: 'ready' } | ({ readonly type: 'failed' } & WireFailure)

interface WireFailure {
  readonly code: ErrorCode
  readonly message: string
  readonly details: ErrorDetails
}

export type WireError = { readonly type: 'error' } & WireFailure

export interface Capabilities {
  readonly specVersion: 1
  readonly operations: readonly Operation[]
  readonly uses: readonly string[]
}

/** A request without what cannot be sent: its signal is the connection, its trace stays with the daemon. */
export type WireRequest = Omit<InferenceRequest, 'signal' | 'trace' | 'frame'>

/** An event without its frame: sidecars do not pass bytes through. */
type WireEvent =
  | Exclude<InferenceEvent, { type: 'whole' | 'other' }>
  | { readonly type: 'whole'; readonly usage?: Usage; readonly response: InferenceResponse }

export type WireLine =
  | WireEvent
  | WireError
  | { readonly type: 'warnings'; readonly warnings: readonly string[] }

/** undefined for an event that is nothing without its frame. */
export const toWireEvent = (event: InferenceEvent): WireEvent | undefined => {
  if (event.type === 'other') return undefined
  if (event.type === 'whole')
    return {
      type: 'whole',
      ...(event.usage && { usage: event.usage }),
      response: event.response(),
    }
  if (event.frame === undefined) return event
  const { frame: _, ...rest } = event
  return rest
}

export const fromWireEvent = (event: WireEvent): InferenceEvent =>
  event.type === 'whole' ? { ...event, response: () => event.response } : event

export const toWireFailure = ({ code, message, details }: McpdError): WireFailure => {
  const { frame: _, ...rest } = details
  return { code, message, details: rest }
}

export const fromWireFailure = ({ code, message, details }: WireFailure): McpdError =>
  new McpdError(isErrorCode(code) ? code : 'INTERNAL', message, details)
