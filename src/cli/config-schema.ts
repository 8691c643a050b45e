import { configFileSchema } from '../core/config-schema.ts'
import { isSecret } from '../core/load-config.ts'

/** The part of JSON Schema that mcpd's own schemas use, as plain data. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly default?: unknown
  readonly description?: string
  readonly pattern?: string
  readonly [keyword: string]: unknown
}

/** An adapter and the settings it takes beside those of every backend. */
export interface DescribedAdapter {
  readonly type: string
  readonly description: string
  /** Of an object. */
  readonly options: JsonSchema
}

/** The schema of mcpd.yaml as the loader has it; what it says of backends leaves their adapters' options open. */
export const fileSchema = JSON.parse(JSON.stringify(configFileSchema)) as JsonSchema

const entrySchema = fileSchema.properties?.['backends']?.items ?? {}

/** An entry of `backends` with this adapter: the settings of every backend, then the adapter's own. */
export const backendSchema = (adapter: DescribedAdapter | undefined): JsonSchema => ({
  ...entrySchema,
  // A setting of every backend never reaches the adapter, should it have one of the same name.
  properties: { ...entrySchema.properties, ...without(adapter?.options.properties, entrySchema.properties) },
  required: [...(entrySchema.required ?? []), ...(adapter?.options.required ?? [])],
})

const without = (
  members: Readonly<Record<string, JsonSchema>> = {},
  taken: Readonly<Record<string, JsonSchema>> = {},
): Record<string, JsonSchema> =>
  Object.fromEntries(Object.entries(members).filter(([name]) => !Object.hasOwn(taken, name)))

/**
 * JSON Schema (draft 7, which editors know best) of a whole mcpd.yaml. Each adapter has a closed form of its own, so
 * that an editor offers its options and marks those of others.
 */
export const editorSchema = (adapters: readonly DescribedAdapter[]): JsonSchema => ({
  $schema: 'http://json-schema.org/draft-07/schema#',
  ...(asWritten({
    ...fileSchema,
    properties: {
      ...fileSchema.properties,
      backends: {
        ...fileSchema.properties?.['backends'],
        items: { description: entrySchema.description, anyOf: adapters.map(closedEntry) },
      },
    },
  }) as JsonSchema),
})

const closedEntry = (adapter: DescribedAdapter): JsonSchema => {
  const schema = backendSchema(adapter)
  return {
    ...schema,
    title: adapter.type,
    description: adapter.description,
    properties: { ...schema.properties, adapter: { const: adapter.type, description: adapter.description } },
    additionalProperties: false,
  }
}

const reference = String.raw`\$\{(?:env|file):[^}]+\}`

/** The same schema for texts whose references still stand: a pattern holds for what they will become. */
const asWritten = (schema: unknown, name = ''): unknown => {
  if (Array.isArray(schema)) return schema.map((each) => asWritten(each))
  if (typeof schema !== 'object' || schema === null) return schema
  const members = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, asWritten(value, key)]),
  ) as JsonSchema
  if (members.type !== 'string') return members
  if (isSecret(`/${name}`)) return { ...members, pattern: `^\\s*(?:${reference}\\s*)+$` }
  return members.pattern === undefined ? members : { ...members, pattern: `${members.pattern}|${reference}` }
}
