import type { Verdict } from './severity.ts'

/** Matters that reasonable people judge differently, each with the verdict it gets. */
export interface Switches {
  /** A request property or parameter became required, or came as required, and has a default. Default breaking. */
  readonly requiredWithDefault: Verdict
  /** An optional property was added to a response object that allowed no others. Default risky. */
  readonly closedResponseProperty: Verdict
  /** An operation asks for credentials or scopes that were not needed. Default breaking. */
  readonly securityAdded: Verdict
  /** The default of something in a request changed. Default risky. */
  readonly defaultChanged: Verdict
  /** An operationId was renamed or removed: generated clients notice, the wire does not. Default safe. */
  readonly operationId: Verdict
  /** A response may hold enum values that it did not. Default risky. */
  readonly enumAddedInResponse: Verdict
  /** A property that a request object leaves open was removed: it is ignored from now on. Default risky. */
  readonly requestPropertyRemoved: Verdict
}

/** Another verdict for what matches all that is given. Patterns: `*` stands for any text. */
export interface Override {
  /** Rule id, such as `request-*`. */
  readonly rule?: string
  /** Operation, such as `GET /v1/*`, or a path. */
  readonly path?: string
  readonly tag?: string
  readonly severity: Verdict
  readonly reason: string
  /** ISO date after which it no longer counts. */
  readonly until?: string
}

/** A change that somebody has seen and accepted. */
export interface Acknowledgement {
  readonly fingerprint: string
  readonly reason: string
  /** ISO date after which it is reported again. */
  readonly until?: string
}

export interface Policy {
  readonly profile: 'default' | 'oasdiff'
  readonly switches: Switches
  readonly overrides: readonly Override[]
  readonly acknowledgements: readonly Acknowledgement[]
}

export const defaultPolicy: Policy = {
  profile: 'default',
  switches: {
    requiredWithDefault: 'breaking',
    closedResponseProperty: 'risky',
    securityAdded: 'breaking',
    defaultChanged: 'risky',
    operationId: 'safe',
    enumAddedInResponse: 'risky',
    requestPropertyRemoved: 'risky',
  },
  overrides: [],
  acknowledgements: [],
}
