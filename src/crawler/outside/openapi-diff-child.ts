import { isObject, type Json } from '../../openapi/json.ts'
import type { Differences, Unable } from './question.ts'

/** As much of the package as is used: it is optional, so its types may be missing. */
interface OpenapiDiff {
  diffSpecs(options: { readonly sourceSpec: Side; readonly destinationSpec: Side }): Promise<Outcome>
}
interface Side {
  readonly content: string
  readonly location: string
  readonly format: 'swagger2' | 'openapi3'
}
interface Place {
  readonly location: string
}
interface Outcome {
  readonly breakingDifferences?: readonly {
    readonly code: string
    readonly sourceSpecEntityDetails: readonly Place[]
    readonly destinationSpecEntityDetails: readonly Place[]
  }[]
}

const packageName = 'openapi-diff'

/** Asks openapi-diff. What it cannot read it throws at, with its reasons in the message. */
export const differences = async (base: Json, revision: Json): Promise<Differences | Unable> => {
  let tool: OpenapiDiff
  try {
    tool = ((await import(packageName)) as { readonly default: OpenapiDiff }).default
  } catch {
    return {
      kind: 'unable',
      why: 'it is not installed. Put it beside mcpd: npm install openapi-diff@0.24.1, with --global if mcpd is',
    }
  }
  try {
    const outcome = await tool.diffSpecs({
      sourceSpec: sideOf(base, 'base'),
      destinationSpec: sideOf(revision, 'revision'),
    })
    return {
      kind: 'differences',
      breaking: (outcome.breakingDifferences ?? []).map((each) => ({
        code: each.code,
        location: (each.sourceSpecEntityDetails[0] ?? each.destinationSpecEntityDetails[0])?.location ?? '',
      })),
    }
  } catch (error) {
    return { kind: 'unable', why: error instanceof Error ? error.message : String(error) }
  }
}

const sideOf = (document: Json, location: string): Side => ({
  content: JSON.stringify(document),
  location,
  format: isObject(document) && document['swagger'] !== undefined ? 'swagger2' : 'openapi3',
})
