import { asText, isList, type Json } from '../json.ts'
import type { JsonType } from './alternative.ts'
import type { View } from './view.ts'

export const typeOf = (value: Json): JsonType => {
  if (value === null) return 'null'
  if (isList(value)) return 'array'
  const type = typeof value
  return type === 'object' || type === 'boolean' || type === 'number' || type === 'string' ? type : 'null'
}

/** Whether the `type` keywords alone tell two value sets apart. */
export const isDisjointByType = (left: View, right: View): boolean => {
  const [a, b] = [namedTypes(left), namedTypes(right)]
  return a !== undefined && b !== undefined && !a.some((type) => b.includes(type))
}

const namedTypes = ({ atoms }: View): readonly string[] | undefined => {
  for (const { node } of atoms) {
    const { type } = node
    if (typeof type === 'string') return [type === 'integer' ? 'number' : type]
    if (isList(type)) return type.map((each) => (each === 'integer' ? 'number' : asText(each)))
  }
  return undefined
}
