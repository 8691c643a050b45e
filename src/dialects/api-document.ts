import type { TSchema } from 'typebox'

/** The part of a runtime's API that an adapter relies on, as an OpenAPI document of our own. */
export interface ApiDocument {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

/** One operation. Schemas with an `$id` become components of that name. */
export interface ApiOperation {
  /** As adapters list it in `uses`: `POST /api/chat`. */
  readonly operation: string
  readonly operationId: string
  readonly summary: string
  readonly request?: TSchema
  readonly response?: TSchema
  /** What a stream is made of, and how it comes. */
  readonly stream?: {
    readonly item: TSchema
    readonly mediaType: 'text/event-stream' | 'application/x-ndjson'
  }
}

export interface ApiFacts {
  readonly title: string
  /** Of this document: raised when the adapter relies on something else than before. */
  readonly version: string
  readonly operations: readonly ApiOperation[]
  /** The body of every error. */
  readonly error: TSchema
}

/** The document, with every schema in it plain JSON. */
export const buildApiDocument = ({ title, version, operations, error }: ApiFacts): ApiDocument => {
  const schemas: Record<string, object> = {}
  const use = (schema: TSchema): object => {
    const { $id, ...plain } = toJson(schema)
    if (typeof $id !== 'string') return plain
    schemas[$id] = plain
    return { $ref: `#/components/schemas/${$id}` }
  }
  const content = (schema: TSchema): object => ({ 'application/json': { schema: use(schema) } })
  const paths: Record<string, Record<string, object>> = {}
  for (const { operation, operationId, summary, request, response, stream } of operations) {
    const [method = '', path = ''] = operation.split(' ')
    paths[path] ??= {}
    paths[path][method.toLowerCase()] = {
      operationId,
      summary,
      ...parametersOf(path),
      ...(request && { requestBody: { required: true, content: content(request) } }),
      responses: {
        '200': {
          description: 'The answer.',
          content: {
            ...(response && content(response)),
            // OpenAPI 3.2 calls it itemSchema; 3.1 has no name for it.
            ...(stream && {
              [stream.mediaType]: { schema: { type: 'string' }, 'x-itemSchema': use(stream.item) },
            }),
          },
        },
        default: { description: 'An error.', content: content(error) },
      },
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title,
      version,
      description:
        'The operations that mcpd relies on, as it uses them; written by mcpd, not by the runtime.',
    },
    paths,
    components: { schemas },
  }
}

/** Those of the path. */
const parametersOf = (path: string): object => {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
  if (names.length === 0) return {}
  return {
    parameters: names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
  }
}

/** Schemas refer to each other by their `$id`. */
const toJson = (schema: TSchema): Readonly<Record<string, unknown>> =>
  JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    key === '$ref' && typeof value === 'string' && value.endsWith('#')
      ? `#/components/schemas/${value.slice(0, -1)}`
      : value,
  ) as Record<string, unknown>
