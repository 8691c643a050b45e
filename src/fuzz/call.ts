import type { Json } from '../openapi/json.ts'

/** Where a value travels in a request. */
export type Place = 'path' | 'query' | 'header' | 'cookie' | 'body'

/** Who asks. `none` sends no credentials; `garbage`, `expired` and `wrong-scheme` send some that must not be taken. */
export type Identity = 'first' | 'second' | 'none' | 'garbage' | 'expired' | 'wrong-scheme'

export type Values = Readonly<Record<string, Json>>

/** A body before it is written: a value of a media type, or bytes that are sent as they are. */
export interface CallBody {
  /** Undefined sends no Content-Type. */
  readonly mediaType: string | undefined
  readonly value?: Json
  /** Instead of `value`; `base64` where it is no text. */
  readonly raw?: string
  readonly rawEncoding?: 'utf8' | 'base64'
}

/** A request as values, before it is serialised as the document says. */
export interface Call {
  /** `GET /pets/{petId}`: the operation of the document. */
  readonly operation: string
  /** Another method than the operation's. */
  readonly method?: string
  readonly path: Values
  readonly query: Values
  readonly header: Values
  readonly cookie: Values
  readonly body?: CallBody
  readonly identity: Identity
  /** Sent besides, and instead of headers of the same name; an empty value leaves the header out. */
  readonly extraHeaders?: readonly (readonly [string, string])[]
  /** The request target as it is sent, instead of what path and query make; after `//` it is not below the base. */
  readonly target?: string
}

/** What the document says of the request: whether it must be taken, must be refused, or nothing that binds. */
export type Expectation = 'valid' | 'invalid' | 'unknown'

export type Phase = 'probe' | 'examples' | 'coverage' | 'stateful' | 'random'
export const phases: readonly Phase[] = ['probe', 'examples', 'coverage', 'stateful', 'random']

/** Why a call was made. */
export interface Intent {
  readonly phase: Phase
  readonly expect: Expectation
  /** For people: `maximum + 1 in query limit`. */
  readonly what: string
  /** What the call is about, where it is about one thing. */
  readonly subject?: Subject
}

export interface Subject {
  readonly in: Place
  /** Name of the parameter; empty for a body. */
  readonly name: string
  /** JSON pointer into the value. */
  readonly pointer: string
  /** The keyword whose valid or invalid side it is, such as `maximum`; or a class such as `unicode`. */
  readonly keyword: string
}

/** A value of a call that comes out of an earlier step, so that it holds when the steps are run again. */
export interface Binding {
  readonly into: { readonly in: Place; readonly name: string; readonly pointer: string }
  readonly from: {
    readonly step: number
    readonly in: 'answer' | 'location' | 'request'
    /** JSON pointer into the answer, into the request's body, or `/name` of a path parameter of the request. */
    readonly pointer: string
  }
}

export interface Step {
  readonly call: Call
  readonly intent: Intent
  readonly bindings: readonly Binding[]
  /** `setup` makes what others need; `case` is judged; `probe` looks at what a case has done; named by its scenario. */
  readonly role: string
}

/** Steps in order, and what they are to show: the whole of what is needed to see a finding again. */
export interface Scenario {
  /** `single`, or the check that its judge is for. */
  readonly kind: string
  readonly steps: readonly Step[]
}
