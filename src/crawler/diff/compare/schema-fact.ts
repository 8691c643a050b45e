import type { Json } from '../../../openapi/json.ts'
import type { View } from '../../../openapi/schema/view.ts'
import type { Effect } from '../fact.ts'

/** A difference between two value sets, before it is known which operations it touches. */
export interface SchemaFact {
  readonly kind: string
  readonly effect: Effect
  readonly base?: string
  readonly revision?: string
  readonly before?: Json
  readonly after?: Json
  readonly data?: Readonly<Record<string, Json>>
  /** The value sets that a witness tells apart, where they are not those of the pair. */
  readonly views?: readonly [View, View]
}

/** Pairs of value sets below a pair: properties, items and the like. */
export interface Child {
  readonly base: View
  readonly revision: View
}

export interface Difference {
  readonly facts: readonly SchemaFact[]
  readonly children: readonly Child[]
}

/** What a bound became, seen by those who may send: a lower maximum narrows. */
export const boundEffect = (kind: 'min' | 'max', before: number, after: number): Effect =>
  (kind === 'max') === after < before ? 'narrowed' : 'widened'

/** The effect of a constraint that one side has and the other has not. */
export const presenceEffect = (hasBefore: boolean): Effect => (hasBefore ? 'widened' : 'narrowed')

/** The union of two effects. */
export const effectOf = (narrowed: boolean, widened: boolean): Effect =>
  narrowed ? (widened ? 'changed' : 'narrowed') : widened ? 'widened' : 'none'
