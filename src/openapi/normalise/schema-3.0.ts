import { isList, type Json, type JsonObject } from '../json.ts'
import { below } from '../pointer.ts'
import type { Log } from './rewrite.ts'

/** A Schema Object of OpenAPI 3.0 as one of 3.1. Only the object itself: its parts come by on their own. */
export const schemaFrom30 = (schema: JsonObject, pointer: string, log: Log): JsonObject => {
  if (typeof schema['$ref'] === 'string') return withoutSiblings(schema, pointer, log)
  const needed =
    'nullable' in schema ||
    'example' in schema ||
    'format' in schema ||
    'exclusiveMinimum' in schema ||
    'exclusiveMaximum' in schema ||
    'x-nullable' in schema
  if (!needed) return schema
  const next: Record<string, Json> = { ...schema }
  nullable(next, pointer, log)
  exclusive(next, 'exclusiveMinimum', 'minimum', pointer, log)
  exclusive(next, 'exclusiveMaximum', 'maximum', pointer, log)
  binary(next, pointer, log)
  if (next['example'] !== undefined && next['examples'] === undefined) {
    log(below(pointer, 'example'), 'example-to-examples', undefined, undefined)
    next['examples'] = [next['example']]
    delete next['example']
  }
  return next
}

/** 3.0 ignores what stands beside `$ref`; 3.1 would apply it. */
const withoutSiblings = (schema: JsonObject, pointer: string, log: Log): JsonObject => {
  const siblings = Object.keys(schema).filter((name) => name !== '$ref')
  if (siblings.length === 0) return schema
  for (const name of siblings) {
    // Those who write it mean null, and the specification says they do not.
    const kind = name === 'nullable' ? 'lossy' : 'exact'
    log(below(pointer, name), 'drop-reference-sibling', schema[name], undefined, kind)
  }
  return { $ref: schema['$ref'] ?? null }
}

const nullable = (next: Record<string, Json>, pointer: string, log: Log): void => {
  for (const name of ['nullable', 'x-nullable']) {
    const flag = next[name]
    if (flag === undefined || typeof flag !== 'boolean') continue
    delete next[name]
    const { type } = next
    if (!flag) {
      log(below(pointer, name), 'drop-nullable-false', flag, undefined)
    } else if (typeof type === 'string' || isList(type)) {
      const types = [type].flat()
      next['type'] = types.includes('null') ? types : [...types, 'null']
      log(below(pointer, name), 'nullable-to-type', type, next['type'])
    } else {
      const wraps = ['allOf', 'anyOf', 'oneOf'].some((keyword) => keyword in next)
      log(below(pointer, name), 'drop-nullable-without-type', flag, undefined, wraps ? 'lossy' : 'exact')
    }
  }
}

const exclusive = (
  next: Record<string, Json>,
  flagName: 'exclusiveMinimum' | 'exclusiveMaximum',
  boundName: 'minimum' | 'maximum',
  pointer: string,
  log: Log,
): void => {
  const flag = next[flagName]
  if (typeof flag !== 'boolean') return
  const bound = next[boundName]
  delete next[flagName]
  if (flag && bound !== undefined) {
    delete next[boundName]
    next[flagName] = bound
  }
  log(below(pointer, flagName), 'exclusive-flag-to-bound', flag, next[flagName])
}

const binary = (next: Record<string, Json>, pointer: string, log: Log): void => {
  const { format } = next
  const isText = [next['type']].flat().includes('string')
  if (!isText || (format !== 'byte' && format !== 'binary')) return
  delete next['format']
  if (format === 'byte') next['contentEncoding'] ??= 'base64'
  else next['contentMediaType'] ??= 'application/octet-stream'
  log(below(pointer, 'format'), 'format-to-content', format, undefined)
}
