import { asText, isList, isObject, type Json, type JsonObject } from './json.ts'
import type { SpecVersion } from './normalise/normalise.ts'

export interface SchemaFault {
  readonly keyword: string
  readonly message: string
}

const types = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object']

const isSchema = (value: Json): boolean => isObject(value) || typeof value === 'boolean'
const isCount = (value: Json): boolean => typeof value === 'number' && Number.isInteger(value) && value >= 0
const isSchemaList = (value: Json): boolean => isList(value) && value.length > 0 && value.every(isSchema)
const isSchemaMap = (value: Json): boolean =>
  isObject(value) && Object.values(value).every((each) => isSchema(each ?? null))
const isNameList = (value: Json): boolean => isList(value) && value.every((each) => typeof each === 'string')
const isPattern = (value: Json): boolean => {
  if (typeof value !== 'string') return false
  try {
    return Boolean(new RegExp(value, 'u'))
  } catch {
    return false
  }
}
const isNumber = (value: Json): boolean => typeof value === 'number'

/** What each keyword of the canonical dialect wants. */
const wants: Readonly<Record<string, readonly [(value: Json) => boolean, string]>> = {
  type: [
    (value) => [value].flat().every((each) => types.includes(asText(each))) && !isObject(value),
    `one of ${types.join(', ')}, or a list of them`,
  ],
  properties: [isSchemaMap, 'an object of schemas'],
  patternProperties: [isSchemaMap, 'an object of schemas'],
  items: [isSchema, 'a schema'],
  additionalProperties: [isSchema, 'a schema'],
  not: [isSchema, 'a schema'],
  allOf: [isSchemaList, 'a list of schemas'],
  anyOf: [isSchemaList, 'a list of schemas'],
  oneOf: [isSchemaList, 'a list of schemas'],
  required: [isNameList, 'a list of names'],
  enum: [isList, 'a list of values'],
  pattern: [isPattern, 'a regular expression of ECMA-262'],
  minLength: [isCount, 'a whole number from 0'],
  maxLength: [isCount, 'a whole number from 0'],
  minItems: [isCount, 'a whole number from 0'],
  maxItems: [isCount, 'a whole number from 0'],
  minProperties: [isCount, 'a whole number from 0'],
  maxProperties: [isCount, 'a whole number from 0'],
  minimum: [isNumber, 'a number'],
  maximum: [isNumber, 'a number'],
  exclusiveMinimum: [isNumber, 'a number'],
  exclusiveMaximum: [isNumber, 'a number'],
  multipleOf: [(value) => typeof value === 'number' && value > 0, 'a number above 0'],
}

/** Keywords whose value the dialect does not allow. Such a keyword constrains nothing in a comparison. */
export const schemaFaults = (schema: JsonObject, version: SpecVersion): readonly SchemaFault[] => {
  const faults: SchemaFault[] = []
  for (const keyword of Object.keys(schema)) {
    const want = Object.hasOwn(wants, keyword) ? wants[keyword] : undefined
    if (want && !want[0](schema[keyword] ?? null))
      faults.push({ keyword, message: `"${keyword}" must be ${want[1]}.` })
    if (keyword === 'nullable' && (version === '3.1' || version === '3.2'))
      faults.push({
        keyword,
        message: `"nullable" has no meaning since OpenAPI 3.1; write "null" as one of the types.`,
      })
  }
  return faults
}
