import type { Json } from '../../../openapi/json.ts'
import type { Flow } from '../../../openapi/schema/view.ts'
import type { Area } from '../fact.ts'

/** The two `content` maps of a request body or response. */
export interface ContentPair {
  readonly area: Area
  readonly flow: Flow
  readonly subject: string
  readonly base: Json | undefined
  readonly revision: Json | undefined
  readonly basePointer: string
  readonly revisionPointer: string
  readonly data: Readonly<Record<string, Json>>
}
