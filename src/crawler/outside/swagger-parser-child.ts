import type { Json } from '../../openapi/json.ts'
import type { Faults, Unable } from './question.ts'

interface SchemaError {
  readonly instancePath: string
  readonly keyword: string
  readonly message?: string
  readonly params?: { readonly additionalProperty?: string; readonly unevaluatedProperty?: string }
}

/** Asks swagger-parser whether a document is one. It stops at the first fault unless the schema found them. */
export const validate = async (document: Json): Promise<Faults | Unable> => {
  const { default: SwaggerParser } = await import('@apidevtools/swagger-parser')
  try {
    // It changes what it is given, which is a copy: this process was sent it.
    await SwaggerParser.validate(document as never, {
      resolve: { external: false, file: false, http: false },
      dereference: { circular: 'ignore' },
    })
    return { kind: 'faults', faults: [] }
  } catch (error) {
    const { details } = error as { readonly details?: unknown }
    if (Array.isArray(details))
      return { kind: 'faults', faults: deepest(details as readonly SchemaError[]).map(faultOf) }
    return { kind: 'faults', faults: [{ pointer: '', message: firstLine(error) }] }
  }
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]?.slice(0, 300) ?? ''

/** Where one of several shapes is wanted, the others complain too: only what is furthest inside says what is wrong. */
const deepest = (errors: readonly SchemaError[]): readonly SchemaError[] => {
  const combining = new Set(['oneOf', 'anyOf', 'allOf', 'if', 'const', 'not', 'dependentSchemas'])
  const told = errors.filter(
    ({ keyword, message = '' }) => !combining.has(keyword) && !message.includes("'$ref'"),
  )
  const paths = new Set(told.map(({ instancePath }) => instancePath))
  const isOuter = (path: string): boolean => [...paths].some((other) => other.startsWith(`${path}/`))
  const inner = (told.length === 0 ? errors : told).filter(({ instancePath }) => !isOuter(instancePath))
  return inner.slice(0, 200)
}

const faultOf = ({ instancePath, message = 'is not allowed', params }: SchemaError) => {
  const name = params?.additionalProperty ?? params?.unevaluatedProperty
  return { pointer: instancePath, message: name === undefined ? message : `${message}: "${name}"` }
}
