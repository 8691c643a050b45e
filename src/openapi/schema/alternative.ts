import type { Json } from '../json.ts'
import type { View } from './view.ts'

export type JsonType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object'
export const jsonTypes: readonly JsonType[] = ['null', 'boolean', 'number', 'string', 'array', 'object']

/** What every part of a value set has, whatever its type. */
interface Base {
  /** The view without unions that this was made of; its atoms say where things stand. */
  readonly view: View
  /** The component that a branch of a union referred to. */
  readonly label?: string
  /** A finite set: then nothing else counts. */
  readonly values?: readonly Json[]
  /** Values of these are not in: from `not`, and from the other branches of a oneOf. */
  readonly excludes: readonly View[]
  /** Constraints that are compared as text only, such as if/then/else, by keyword. */
  readonly opaque: ReadonlyMap<string, string>
}

export interface Bounds {
  readonly min: number
  readonly minExclusive: boolean
  readonly max: number
  readonly maxExclusive: boolean
}

export interface ScalarAlternative extends Base {
  readonly type: 'null' | 'boolean'
}
export interface NumberAlternative extends Base, Bounds {
  readonly type: 'number'
  readonly integer: boolean
  readonly multipleOf: readonly number[]
  readonly format?: string
}
export interface StringAlternative extends Base {
  readonly type: 'string'
  readonly minLength: number
  readonly maxLength: number
  readonly patterns: readonly string[]
  readonly formats: readonly string[]
  /** contentMediaType and contentEncoding. */
  readonly content: ReadonlyMap<string, string>
}
export interface Contains {
  readonly view: View
  readonly min: number
  readonly max: number
}
export interface ArrayAlternative extends Base {
  readonly type: 'array'
  readonly minItems: number
  readonly maxItems: number
  readonly unique: boolean
  readonly prefix: readonly View[]
  /** Items after the prefix. */
  readonly items: View
  readonly contains: readonly Contains[]
}
export interface ObjectAlternative extends Base {
  readonly type: 'object'
  readonly required: ReadonlySet<string>
  readonly properties: ReadonlyMap<string, View>
  readonly patterns: ReadonlyMap<string, View>
  /** Members that no property and no pattern names. */
  readonly additional: View
  readonly names: readonly View[]
  readonly minProperties: number
  readonly maxProperties: number
  readonly dependentRequired: ReadonlyMap<string, readonly string[]>
  readonly dependentSchemas: ReadonlyMap<string, View>
}

/** A part of a value set whose values are all of one JSON type, without unions. A value set is a union of these. */
export type Alternative =
  | ScalarAlternative
  | NumberAlternative
  | StringAlternative
  | ArrayAlternative
  | ObjectAlternative
