import { isIP } from 'node:net'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { isList, isObject, type Json } from '../../openapi/json.ts'
import { below } from '../../openapi/pointer.ts'
import { accepts } from '../../openapi/schema/accepts.ts'
import { alternatives } from '../../openapi/schema/alternatives.ts'
import { formats } from '../../openapi/schema/formats.ts'
import { patternOf } from '../../openapi/schema/pattern.ts'
import { toJsonSchema } from '../../openapi/schema/to-json-schema.ts'
import { isHidden, type View } from '../../openapi/schema/view.ts'

/** Where and how a value breaks its schema; the first fault only. */
export interface SchemaBreach {
  /** JSON pointer into the value. */
  readonly pointer: string
  readonly keyword: string
  readonly message: string
}

const isDate = (text: string): boolean => {
  const [, year = 0, month = 0, day = 0] = (/^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? []).map(Number)
  return day >= 1 && month >= 1 && month <= 12 && day <= new Date(Date.UTC(year || 4, month, 0)).getUTCDate()
}

/** Formats asserted in answers: those whose rules leave no doubt. */
const asserted: Readonly<Record<string, (text: string) => boolean>> = {
  ...Object.fromEntries(
    Object.entries(formats).map(([name, { test }]) => [name, (text: string) => test.test(text)]),
  ),
  date: isDate,
  'date-time': (text) =>
    (formats['date-time']?.test.test(text) ?? true) && /^.{10}t/i.test(text) && isDate(text.slice(0, 10)),
  ipv4: (text) => isIP(text) === 4,
  ipv6: (text) => isIP(text) === 6,
}

/** Expressions of documents under a watch: a validator would run them for ever. */
const watched = (source: string): { test(text: string): boolean } => {
  const pattern = patternOf(source)
  if (!pattern) throw new SyntaxError(`no expression: ${source}`)
  return pattern
}

const compiled = new WeakMap<object, Map<string, ValidateFunction | undefined>>()

const validatorOf = (view: View): ValidateFunction | undefined => {
  const known = compiled.get(view.space) ?? new Map<string, ValidateFunction | undefined>()
  compiled.set(view.space, known)
  if (!known.has(view.key)) known.set(view.key, compile(view))
  return known.get(view.key)
}

const compile = (view: View): ValidateFunction | undefined => {
  const schema = toJsonSchema(view)
  if (!schema) return undefined
  try {
    const ajv = new Ajv2020({
      strict: false,
      logger: false,
      validateSchema: false,
      multipleOfPrecision: 9,
      formats: asserted,
      code: { regExp: Object.assign(watched, { code: 'watched' }) },
    })
    return ajv.compile(schema)
  } catch {
    // What does not compile says nothing: our own reading of the schema is asked instead.
    return undefined
  }
}

/** The first fault of a value, or undefined. */
export const breachOf = (view: View, value: Json): SchemaBreach | undefined => {
  const validate = validatorOf(view)
  if (!validate)
    return accepts(view, value)
      ? undefined
      : { pointer: '', keyword: 'schema', message: 'does not fit its schema' }
  if (validate(value)) return secretMember(view, value, '', 0)
  const errors = validate.errors ?? []
  // Of a union the innermost fault says most.
  const error =
    errors.toSorted(
      (left, right) => right.instancePath.split('/').length - left.instancePath.split('/').length,
    )[0] ?? errors[0]
  if (!error) return { pointer: '', keyword: 'schema', message: 'does not fit its schema' }
  const missing =
    error.keyword === 'required'
      ? String(error.params['missingProperty'])
      : error.keyword === 'additionalProperties'
        ? String(error.params['additionalProperty'])
        : undefined
  return {
    pointer: missing === undefined ? error.instancePath : below(error.instancePath, missing),
    keyword: error.keyword,
    message: error.message ?? 'does not fit its schema',
  }
}

/** A member that the document has for requests only, such as a password. */
const secretMember = (view: View, value: Json, pointer: string, depth: number): SchemaBreach | undefined => {
  if (depth > 3) return undefined
  for (const one of alternatives(view)) {
    if (one.type === 'array' && isList(value) && value.length > 0) {
      const found = secretMember(one.items, value[0] ?? null, below(pointer, 0), depth + 1)
      if (found) return found
    }
    if (one.type !== 'object' || !isObject(value)) continue
    for (const [name, member] of one.properties) {
      if (!Object.hasOwn(value, name)) continue
      if (isHidden(member) && value[name] !== null)
        return { pointer: below(pointer, name), keyword: 'writeOnly', message: 'is for requests only' }
      const found = secretMember(member, value[name] ?? null, below(pointer, name), depth + 1)
      if (found) return found
    }
  }
  return undefined
}

/** A place in any item of a list. */
export const anyItem = (pointer: string): string => pointer.replaceAll(/\/\d+(?=\/|$)/g, '/*')
