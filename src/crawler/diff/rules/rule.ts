import type { Flow } from '../../../openapi/schema/view.ts'
import type { Area, Fact } from '../fact.ts'
import type { Policy } from '../policy.ts'
import type { Verdict } from '../severity.ts'

export type Action = 'add' | 'remove' | 'change' | 'narrow' | 'widen' | 'annotate'

/** One kind of change and what it means. A row: judging is looking up the first that fits. */
export interface Rule {
  readonly id: string
  /** By default. A policy switch, where there is one, has the last word. */
  readonly severity: Verdict
  /** Who sends what changed; `none` where nothing is sent. */
  readonly direction: Flow | 'none'
  readonly area: Area | 'schema'
  readonly action: Action
  /** The kind of fact that it judges. */
  readonly fact: string
  /** Whether it fits; left out: always. */
  readonly when?: (fact: Fact, context: JudgeContext) => boolean
  /** The switch that decides about it. */
  readonly policy?: keyof Policy['switches']
  readonly message: (fact: Fact) => string
  /** Why it matters, and what to do. */
  readonly explanation: string
}

export interface JudgeContext {
  readonly policy: Policy
  /** Milliseconds since 1970. */
  readonly now: number
}

const valueMax = 160

/** A value as a message shows it. */
export const show = (value: unknown): string => {
  const text = typeof value === 'string' ? `"${value}"` : (JSON.stringify(value) ?? 'nothing')
  return text.length > valueMax ? `${text.slice(0, valueMax)}…` : text
}

/** `"a", "b"`: a list without its brackets. */
export const showAll = (value: unknown): string =>
  Array.isArray(value) ? value.map(show).join(', ') : show(value)

/** The day that an `x-sunset` names, as milliseconds; undefined where it is no date, null where there is none. */
export const sunsetOf = (fact: Fact): number | undefined | null => {
  const { sunset } = fact.data
  if (sunset === null || sunset === undefined) return null
  const time =
    typeof sunset === 'string' && /^\d{4}-\d{2}-\d{2}/.test(sunset) ? Date.parse(sunset) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}
