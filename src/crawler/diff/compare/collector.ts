import { canonicalText, type Json, type JsonObject, objectAt } from '../../../openapi/json.ts'
import type { Flow } from '../../../openapi/schema/view.ts'
import type { Spec } from '../../../openapi/spec.ts'
import type { Area, Fact, SchemaPair } from '../fact.ts'
import { createSchemaComparer, type SchemaComparer } from './schemas.ts'
import { compareSpelling } from './spelling.ts'
import { subjectOf } from './subject.ts'

/** An operation on both sides, as far as facts about its parts need to know it. */
export interface OperationPair {
  /** `GET /x`. */
  readonly name: string
  readonly tags: readonly string[]
  /** Who sends the request: the client, but in callbacks and webhooks the server. */
  readonly sender: 'client' | 'server'
  /** Whether the base calls it a draft or alpha. */
  readonly unstable?: boolean
}

export interface OperationSide {
  readonly path: string
  readonly value: JsonObject
  readonly pointer: string
  /** The parameters of its path item. */
  readonly shared: readonly Json[]
  readonly sharedPointer: string
  readonly operationId: string | undefined
}

export type Draft = Omit<Fact, 'operations' | 'tags' | 'data' | 'effect'> & {
  readonly data?: Readonly<Record<string, Json>>
  readonly effect?: Fact['effect']
}

/** What the comparisons of the parts of a document share: both documents, and a place for what they find. */
export interface Comparison {
  readonly base: Spec
  readonly revision: Spec
  readonly schemas: SchemaComparer
  /** Notes a fact. The same fact of another operation is the same fact, with one operation more. */
  add(draft: Draft, operation?: OperationPair): void
  /** Compares two schemas and notes what differs. */
  addSchemas(parts: SchemaParts, operation: OperationPair): void
  facts(): readonly Fact[]
}

export interface SchemaParts {
  readonly area: Area
  readonly flow: Flow
  /** What the schemas describe, in words. */
  readonly subject: string
  readonly base: Json | undefined
  readonly revision: Json | undefined
  readonly basePointer: string
  readonly revisionPointer: string
  readonly text: SchemaPair['text']
  readonly data?: Readonly<Record<string, Json>>
}

interface Growing {
  readonly draft: Draft
  readonly operations: Set<string>
  readonly tags: Set<string>
  /** Whether it touches an operation that is more than a draft. */
  stable: boolean
}

export interface CompareOptions {
  /** Also how schemas are written, as facts of the kind `spelling`. Default false. */
  readonly spelling?: boolean
}

export const createComparison = (
  base: Spec,
  revision: Spec,
  { spelling = false }: CompareOptions = {},
): Comparison => {
  const schemas = createSchemaComparer(base, revision)
  const found = new Map<string, Growing>()
  const add = (draft: Draft, operation?: OperationPair): void => {
    const key = [draft.kind, draft.area, draft.flow, draft.base, draft.revision, distinguishing(draft)].join(
      '\n',
    )
    const known = found.get(key) ?? {
      draft,
      operations: new Set<string>(),
      tags: new Set<string>(),
      stable: false,
    }
    found.set(key, known)
    if (!operation?.unstable) known.stable = true
    if (!operation) return
    known.operations.add(operation.name)
    for (const tag of operation.tags) known.tags.add(tag)
  }
  const addSpelling = (parts: SchemaParts, operation: OperationPair): void => {
    const place = { base: parts.basePointer, revision: parts.revisionPointer }
    for (const found of compareSpelling({ base, revision }, parts.base, parts.revision, place)) {
      const { base: at, revision: to, before, after, ...data } = found
      add(
        {
          kind: 'spelling',
          area: parts.area,
          flow: parts.flow,
          subject: `${found.keyword} of the ${parts.subject}`,
          base: at,
          revision: to,
          ...(before !== undefined && { before }),
          ...(after !== undefined && { after }),
          data: { ...parts.data, text: parts.text, ...data },
        },
        operation,
      )
    }
  }
  return {
    base,
    revision,
    schemas,
    add,
    addSchemas: (parts, operation) => {
      const place = { base: parts.basePointer, revision: parts.revisionPointer }
      if (spelling && !schemas.same(parts.base, parts.revision)) addSpelling(parts, operation)
      for (const { fact, pair } of schemas.compare(
        parts.base,
        parts.revision,
        place,
        parts.flow,
        parts.text,
      )) {
        const { views: _views, data, ...rest } = fact
        const isRoot = pair.base.pointer === rootOf(base, parts.base, parts.basePointer)
        add(
          {
            ...rest,
            area: parts.area,
            flow: parts.flow,
            subject: subjectOf(parts.subject, parts.basePointer, parts.revisionPointer, fact),
            schema: pair,
            data: { ...parts.data, ...data, root: isRoot },
          },
          operation,
        )
      }
    },
    facts: () =>
      [...found.values()].map(({ draft, operations, tags, stable }) => ({
        ...draft,
        effect: draft.effect ?? 'none',
        data: stable ? (draft.data ?? {}) : { ...draft.data, unstable: true },
        operations: [...operations].toSorted(),
        tags: [...tags].toSorted(),
      })),
  }
}

const rootOf = (spec: Spec, schema: Json | undefined, pointer: string): string =>
  spec.follow(schema, pointer)?.pointer ?? pointer

/** Facts at one place that are not the same fact: two enum changes, the properties of one object. */
const distinguishing = ({ before, after, data }: Draft): string =>
  `${canonicalText(data?.['property'] ?? data?.['keyword'])} ${canonicalText(data?.['change'])} ${canonicalText(before)} ${canonicalText(after)}`

/** The tags of an operation on either side. */
export const tagsOf = (base: Json | undefined, revision: Json | undefined): readonly string[] => {
  const tags = [base, revision].flatMap((operation) => {
    const list = objectAt({ operation: operation ?? null }, 'operation')['tags']
    return Array.isArray(list) ? (list as readonly Json[]).map(String) : []
  })
  return [...new Set(tags)]
}
