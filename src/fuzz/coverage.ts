/** What a run has reached. Shares are counted by the reader: `hit` of `all`. */
export interface Coverage {
  readonly operations: readonly OperationCoverage[]
  readonly totals: {
    readonly operations: number
    readonly attempted: number
    /** With an answer of 2xx. */
    readonly succeeded: number
    readonly parameters: Share
    /** Each keyword of a request schema counts twice: once for its valid and once for its invalid side. */
    readonly keywords: Share
    readonly responses: Share
  }
}

export interface Share {
  readonly hit: number
  readonly all: number
}

export interface OperationCoverage {
  readonly operation: string
  readonly requests: number
  /** Answers by status; `0` counts those that never came. */
  readonly statuses: Readonly<Record<string, number>>
  readonly hasSucceeded: boolean
  /** `query limit` and the like, sent at least once. */
  readonly parameters: { readonly sent: readonly string[]; readonly all: readonly string[] }
  readonly keywords: readonly KeywordCoverage[]
  readonly responses: readonly { readonly status: string; readonly seen: boolean }[]
  /** Why it was not attempted or never succeeded; absent where all is well. */
  readonly reason?: string
}

export interface KeywordCoverage {
  /** `query limit maximum`, `body /items/name minLength`. */
  readonly place: string
  readonly valid: boolean
  /** Undefined where no invalid value exists on the wire, as for a text in a query. */
  readonly invalid?: boolean
}
