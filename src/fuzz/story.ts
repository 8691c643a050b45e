import type { Json } from '../openapi/json.ts'
import type { Binding, Step } from './call.ts'
import type { Exchange } from './exchange.ts'

/** Steps that were taken, with the answers to them. */
export interface Story {
  /** As they were sent: with the values that their bindings brought. */
  readonly steps: Step[]
  readonly exchanges: Exchange[]
  /** What has been made on the way, by what it is: where its value stands. */
  readonly made: Map<string, Made>
}

export interface Made {
  readonly from: Binding['from']
  readonly value: Json
}

export const startStory = (): Story => ({ steps: [], exchanges: [], made: new Map() })

/** The same beginning, from which another way is taken. */
export const continueStory = ({ steps, exchanges, made }: Story): Story => ({
  steps: [...steps],
  exchanges: [...exchanges],
  made: new Map(made),
})
