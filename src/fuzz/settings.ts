import type { Phase } from './call.ts'
import type { Check } from './check.ts'

/** Credentials of one identity. */
export type Credentials =
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'header'; readonly name: string; readonly value: string }

/** Asked for credentials again when answers become 401. */
export type LogIn = (signal: AbortSignal) => Promise<Credentials>

/** What the ESM module of `--hooks` may export; each is optional. */
export interface FuzzHooks {
  /** May change headers, URL and body of any request; what it returns is sent. */
  readonly beforeRequest?: (request: HookRequest) => HookRequest | Promise<HookRequest>
  /** Looks at every answer. */
  readonly afterResponse?: (request: HookRequest, response: HookResponse) => void | Promise<void>
  /** Brings the target to a known state, before the run and before each reproduction. */
  readonly reset?: () => void | Promise<void>
}

export interface HookRequest {
  readonly operation: string
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body?: string
}

export interface HookResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface FuzzSettings {
  /** Replaces the whole server URL of the document. */
  readonly url: URL
  readonly first?: Credentials
  readonly second?: Credentials
  readonly logIn?: LogIn
  readonly logInSecond?: LogIn
  /** With every request. */
  readonly headers: readonly (readonly [string, string])[]
  /** Whole run. Default 60 s. */
  readonly timeMs: number
  /** Random cases per operation; Infinity goes on until the time is over. Default 100. */
  readonly examplesMax: number
  readonly seed: number
  readonly phases: ReadonlySet<Phase>
  readonly checks: ReadonlySet<Check>
  /** Patterns of operations with `*`: `GET /pets*`, an operationId, a tag. Empty includes all. */
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** Requests a second; Infinity without a limit. */
  readonly ratePerSecond: number
  /** Requests at the same time. Default 8. */
  readonly workers: number
  /** Until the whole answer of an operation that generates nothing. Default 5 s. */
  readonly answerMaxMs: number
  /** The same for model endpoints, whose first token may take long. Default 60 s. */
  readonly modelAnswerMaxMs: number
  /** Slower answers are findings; undefined reports none. */
  readonly slowMs?: number
  /** Most tokens that a call to a model endpoint may ask for. Default 16. */
  readonly tokensMax: number
  readonly hooks: FuzzHooks
}
