/** Where frameworks and runtimes put their document unless told otherwise. Paths from the root of the server. */

interface Place {
  readonly path: string
  /** Who puts it there. */
  readonly of: readonly string[]
}

/** The most frequent first: a search ends at the first document. */
export const places: readonly Place[] = [
  {
    path: '/openapi.json',
    of: ['FastAPI', 'vLLM', 'SGLang', 'LiteLLM', 'FastChat', 'llama-cpp-python', 'mcpd'],
  },
  { path: '/api-doc/openapi.json', of: ['TGI', 'TEI'] },
  { path: '/v2/docs/dataplane.json', of: ['MLServer'] },
  { path: '/v3/api-docs', of: ['springdoc'] },
  { path: '/swagger/v1/swagger.json', of: ['Swashbuckle'] },
  { path: '/openapi/v1.json', of: ['ASP.NET'] },
  { path: '/swagger/doc.json', of: ['swaggo', 'LocalAI'] },
  { path: '/api-json', of: ['NestJS'] },
  { path: '/documentation/json', of: ['Fastify'] },
  { path: '/q/openapi', of: ['Quarkus'] },
  { path: '/openapi.yaml', of: ['files'] },
  { path: '/swagger.json', of: ['files'] },
  { path: '/api-docs', of: ['swagger-jsdoc'] },
  { path: '/docs/openapi.json', of: ['files'] },
]

/** Adapters whose runtime is known to have its document at one place, or at none. */
const byAdapter: Readonly<Record<string, readonly string[]>> = {
  ollama: ['/openapi.json'],
  huggingface: ['/api-doc/openapi.json', '/openapi.json'],
  triton: ['/v2/docs/dataplane.json'],
  fastchat: ['/openapi.json'],
}

/** Paths to try in this order; `base` is where the API begins, such as `/v1`. */
export const wellKnown = (adapter: string | undefined, base: string): readonly string[] => {
  const paths = (adapter === undefined ? undefined : byAdapter[adapter]) ?? places.map(({ path }) => path)
  const below = base.replace(/\/$/, '')
  // A server behind a gateway's prefix has its root there.
  const prefixed = below === '' ? [] : [`${below.replace(/\/v\d+$/, '')}/openapi.json`]
  return [...new Set([...prefixed, ...paths])]
}
