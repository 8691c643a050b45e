import type { Description, Health, Model, PullProgress } from '../../core/adapter.ts'
import { type ErrorCode, type ErrorDetails, isErrorCode, McpdError } from '../../core/errors.ts'
import type {
  InferenceEvent,
  InferenceRequest,
  InferenceResponse,
  Operation,
  Usage,
} from '../../core/inference.ts'
import { said } from './sidecar-schemas.ts'

/**
 * What the daemon and a sidecar say to each other; docs/adapters.md tells it to people who write one.
 *
 * The daemon starts the program with MCPD_SOCKET in its environment and one line, a SidecarStart, on its standard
 * input, which ends when the daemon does. The program serves HTTP on that Unix socket:
 * - `GET /capabilities` is answered once it can serve, and from then on at once, whatever else it is doing. An error
 *   CONFIG_INVALID or RUNTIME_MISSING means that starting it again would change nothing.
 * - `POST /infer` takes a WireRequest and answers application/x-ndjson, one WireLine a line. Closing the connection
 *   aborts the inference. An `error` line is the last one.
 * - `GET /models`, `/health` and, where the capabilities say so, `/metrics` answer JSON; what failed answers a status
 *   of 400 and above with a WireError.
 * - `POST /models/load`, `unload`, `remove` and `/describe` take a ModelRequest and answer JSON; `POST /models/pull`
 *   answers application/x-ndjson, one PullProgress a line. There are those that the capabilities name.
 */

export interface SidecarStart {
  readonly name: string
  /** Secrets may be in here, so it is neither an argument nor an environment variable. */
  readonly options: unknown
  /** For the child that runs modules: one that mcpd brings, by its type, or the default export of a module. */
  readonly type?: string
  readonly moduleUrl?: string
}

interface WireFailure {
  readonly code: ErrorCode
  readonly message: string
  readonly details?: ErrorDetails
}

export type WireError = { readonly type: 'error' } & WireFailure

export interface Capabilities {
  readonly specVersion: 1
  readonly operations: readonly Operation[]
  readonly uses?: readonly string[]
  /** Whether there is `GET /metrics`. */
  readonly metrics?: boolean
  readonly manage?: readonly ManageWord[]
  /** Whether there is `POST /describe`. */
  readonly describe?: boolean
}

export const manageWords = ['load', 'unload', 'pull', 'remove'] as const
export type ManageWord = (typeof manageWords)[number]

/** The body of a request about one model. */
export interface ModelRequest {
  readonly model: string
  readonly keepAlive?: string | number
}

/** A request without what cannot be sent: its signal is the connection, its trace stays with the daemon. */
export type WireRequest = Omit<InferenceRequest, 'signal' | 'trace' | 'frame' | 'header'>

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
  event.type === 'whole' ? { type: 'whole', ...withUsage(event), response: () => event.response } : event

const withUsage = ({ usage, response }: { readonly usage?: Usage; readonly response: InferenceResponse }) => {
  const counted = usage ?? response.usage
  return counted && { usage: counted }
}

export const toWireFailure = ({ code, message, details }: McpdError): WireFailure => {
  const { frame: _, ...rest } = details
  return { code, message, details: rest }
}

export const fromWireFailure = ({ code, message, details = {} }: WireFailure): McpdError =>
  new McpdError(isErrorCode(code) ? code : 'INTERNAL', message, details)

/** Reasons that starting again would not change. */
export const isFinal = ({ code }: McpdError): boolean =>
  code === 'CONFIG_INVALID' || code === 'RUNTIME_MISSING'

const nonsense = (what: string, cause?: unknown): McpdError =>
  new McpdError('BACKEND_ERROR', `The sidecar sent ${what}.`, {}, cause)

const parse = (text: string, what: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw nonsense(`${what} that is not JSON`, error)
  }
}

/** What is wrong with a value, shortly. */
const complaint = (
  errors: readonly { readonly instancePath: string; readonly message: string }[],
): string => {
  const [first] = errors
  return first ? `${first.instancePath.slice(1).replaceAll('/', '.') || 'it'} ${first.message}` : 'it'
}

/** A line of an answer. Throws BACKEND_ERROR for one that the protocol does not know. */
export const parseLine = (text: string): WireLine => {
  const value = parse(text, 'a line') as WireLine
  const type = typeof value === 'object' && value !== null ? value.type : undefined
  const check = said.lines.get(String(type))
  if (!check) throw nonsense(`a line of an unknown type: ${String(type).slice(0, 64)}`)
  if (!check.Check(value)) throw nonsense(`a wrong ${type}: ${complaint(check.Errors(value))}`)
  return value
}

/** A line of the answer of a pull. Throws what the sidecar says went wrong, or BACKEND_ERROR. */
export const parseProgress = (text: string): PullProgress => {
  const value = parse(text, 'a line')
  if (said.failure.Check(value)) throw fromWireFailure(value as WireError)
  if (!said.progress.Check(value))
    throw nonsense(`a wrong progress: ${complaint(said.progress.Errors(value))}`)
  return value
}

/** Throws BACKEND_ERROR for an answer that is no description. */
export const parseDescription = (body: Buffer): Description => {
  const value = parse(body.toString(), 'a description')
  if (said.description.Check(value)) return value
  throw nonsense(`a wrong description: ${complaint(said.description.Errors(value))}`)
}

interface Answers {
  readonly '/capabilities': Capabilities
  readonly '/models': readonly Model[]
  readonly '/health': Health
  readonly '/metrics': Readonly<Record<string, number>>
}

/** The answer of a GET. Throws what the sidecar says went wrong, or BACKEND_ERROR for an answer that is none. */
export const parseAnswer = <Path extends keyof Answers>(
  path: Path,
  status: number,
  body: Buffer,
): Answers[Path] => {
  if (status !== 200) throw parseFailure(`GET ${path}`, status, body)
  const value = parse(body.toString(), `an answer to GET ${path}`)
  const check = said[path.slice(1) as 'capabilities' | 'models' | 'health' | 'metrics']
  if (!check.Check(value)) throw nonsense(`a wrong answer to GET ${path}: ${complaint(check.Errors(value))}`)
  // The check has just said so.
  return value as Answers[Path]
}

/** The error of an answer with a status of failure. */
export const parseFailure = (what: string, status: number, body: Buffer): McpdError => {
  try {
    const value: unknown = JSON.parse(body.toString())
    if (said.failure.Check(value)) return fromWireFailure(value as WireError)
  } catch {
    // Told below.
  }
  return new McpdError('BACKEND_ERROR', `The sidecar answered ${what} with ${status} and no error of ours.`)
}
