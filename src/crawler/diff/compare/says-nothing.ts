import { isObject, type Json } from '../../../openapi/json.ts'

const annotating = new Set(
  'title description example examples deprecated externalDocs default xml $comment'.split(' '),
)

/** Whether a schema has annotations only, and so takes every value. */
export const saysNothing = (value: Json): boolean =>
  isObject(value) && Object.keys(value).every((name) => annotating.has(name) || name.startsWith('x-'))
