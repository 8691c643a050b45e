import type { Json } from './json.ts'
import { formats } from './schema/formats.ts'
import { patternOf } from './schema/pattern.ts'
import { toJsonSchema } from './schema/to-json-schema.ts'
import type { View } from './schema/view.ts'

/** Whether a value is valid, in the eyes of somebody else. Undefined where they cannot say. */
export type Validate = (view: View, value: Json) => boolean | undefined

/** At most this many compiled schemas are kept. */
const compiledMax = 2000

/** Expressions of documents under a watch: a validator would run them for ever. */
const watched = (source: string): { test(text: string): boolean } => {
  const pattern = patternOf(source)
  if (!pattern) throw new SyntaxError(`no expression: ${source}`)
  return pattern
}

/** A validator that shares no code with our own reading of schemas: ajv, draft 2020-12. */
export const createValidator = async (): Promise<Validate> => {
  const { Ajv2020 } = await import('ajv/dist/2020.js')
  const checks = Object.fromEntries(Object.entries(formats).map(([name, { test }]) => [name, test]))
  const compiled = new Map<string, ((value: Json) => boolean) | undefined>()
  const compile = (view: View): ((value: Json) => boolean) | undefined => {
    const schema = toJsonSchema(view)
    if (!schema) return undefined
    try {
      // One instance each: what it has compiled it never lets go.
      const ajv = new Ajv2020({
        strict: false,
        logger: false,
        validateSchema: false,
        formats: checks,
        validateFormats: true,
        // 0.07 is a multiple of 0.01, though not in binary.
        multipleOfPrecision: 9,
        code: { regExp: Object.assign(watched, { code: 'watched' }) },
      })
      const validate = ajv.compile<Json>(schema)
      return (value) => validate(value)
    } catch {
      // Patterns of another engine compile without the u flag, and what does not compile at all says nothing.
    }
    return undefined
  }
  return (view, value) => {
    if (!compiled.has(view.key)) {
      if (compiled.size >= compiledMax) compiled.clear()
      compiled.set(view.key, compile(view))
    }
    return compiled.get(view.key)?.(value)
  }
}
