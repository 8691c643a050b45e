import {
  isList,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  memberOf,
  sameJson,
  textAt,
} from '../../../openapi/json.ts'
import { referenceOf } from '../../../openapi/grammar.ts'
import { below } from '../../../openapi/pointer.ts'
import type { Place, Spec } from '../../../openapi/spec.ts'
import { saysNothing } from './says-nothing.ts'

/**
 * Schemas compared as they are written, keyword by keyword, whatever the keywords come to. Nobody's contract changes
 * by spelling; profiles that follow tools which judge keywords ask for it.
 */
export interface Spelling {
  readonly keyword: string
  readonly change: string
  readonly base: string
  readonly revision: string
  readonly before?: Json
  readonly after?: Json
  /** Whether it is the schema of a body, parameter or header itself and not something inside it. */
  readonly root: boolean
  readonly readOnly: boolean
  readonly writeOnly: boolean
  /** Of properties that come and go. */
  readonly required?: boolean
  readonly default?: boolean
  readonly sunset?: Json
}

interface Pair {
  readonly base: Place
  readonly revision: Place
  readonly root: boolean
}

export const compareSpelling = (
  specs: { readonly base: Spec; readonly revision: Spec },
  base: Json | undefined,
  revision: Json | undefined,
  place: { readonly base: string; readonly revision: string },
): readonly Spelling[] => {
  const found: Spelling[] = []
  const seen = new Set<string>()
  const visit = (a: Json | undefined, b: Json | undefined, at: string, to: string, root: boolean): void => {
    const [before, after] = [specs.base.follow(a, at), specs.revision.follow(b, to)]
    if (!before || !after) return
    const key = `${before.pointer} ${after.pointer}`
    if (seen.has(key)) return
    seen.add(key)
    const pair = { base: before, revision: after, root }
    found.push(...keywords(pair), ...properties(pair), ...annotations(pair))
    for (const keyword of ['allOf', 'anyOf', 'oneOf']) branches(pair, keyword, found, visit, specs.revision)
    below1(pair, visit)
  }
  visit(base, revision, place.base, place.revision, true)
  return found
}

type Visit = (a: Json | undefined, b: Json | undefined, at: string, to: string, root: boolean) => void

const below1 = ({ base, revision }: Pair, visit: Visit): void => {
  for (const keyword of ['items', 'additionalProperties', 'not']) {
    const [a, b] = [base.value[keyword], revision.value[keyword]]
    if (isObject(a) && isObject(b))
      visit(a, b, `${base.pointer}/${keyword}`, `${revision.pointer}/${keyword}`, false)
  }
  const [a, b] = [base.value['properties'], revision.value['properties']]
  for (const name of Object.keys(isObject(a) ? a : {}))
    if (memberOf(b, name) !== undefined)
      visit(
        memberOf(a, name),
        memberOf(b, name),
        below(`${base.pointer}/properties`, name),
        below(`${revision.pointer}/properties`, name),
        false,
      )
}

const flags = ({ revision, base }: Pair) => ({
  readOnly: revision.value['readOnly'] === true,
  writeOnly: revision.value['writeOnly'] === true || base.value['writeOnly'] === true,
})

const spelling = (pair: Pair, keyword: string, change: string, before?: Json, after?: Json): Spelling => ({
  keyword,
  change,
  base: pair.base.pointer,
  revision: pair.revision.pointer,
  root: pair.root,
  ...flags(pair),
  ...(before !== undefined && { before }),
  ...(after !== undefined && { after }),
})

const counted = (
  'minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength minItems maxItems ' +
  'minContains maxContains'
).split(' ')
const present = (
  'if then else contains dependentSchemas patternProperties propertyNames unevaluatedItems ' +
  'unevaluatedProperties contentSchema prefixItems'
).split(' ')
const plain = ['const', 'default', 'pattern', 'dependentRequired', 'contentMediaType', 'contentEncoding']

const keywords = (pair: Pair): readonly Spelling[] => {
  const [a, b] = [pair.base.value, pair.revision.value]
  const found: Spelling[] = []
  for (const keyword of counted) {
    const [before, after] = [a[keyword], b[keyword]]
    if (sameJson(before, after)) continue
    const change =
      before === undefined
        ? 'set'
        : after === undefined
          ? 'unset'
          : Number(after) > Number(before)
            ? 'increased'
            : 'decreased'
    found.push(spelling(pair, keyword, change, before, after))
  }
  for (const keyword of [...plain, ...present]) {
    const [before, after] = [a[keyword], b[keyword]]
    if (sameJson(before, after)) continue
    found.push(
      spelling(
        pair,
        keyword,
        keyword === 'prefixItems' ? lengthChange(before, after) : presenceChange(before, after),
        before,
        after,
      ),
    )
  }
  found.push(...typeSpelling(pair), ...enumSpelling(pair, 'enum'), ...enumSpelling(pair, 'x-extensible-enum'))
  return found
}

const presenceChange = (before: Json | undefined, after: Json | undefined): string =>
  before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'

const lengthChange = (before: Json | undefined, after: Json | undefined): string => {
  const [was, is] = [before, after].map((list) => (isList(list) ? list.length : 0)) as [number, number]
  return was < is ? 'added' : was > is ? 'removed' : 'changed'
}

const typesOf = (schema: JsonObject): readonly string[] => {
  const { type } = schema
  return isList(type) ? type.map(String) : typeof type === 'string' ? [type] : []
}

/** Type and format of the items, as those of the list itself. */
const itemsOf = (schema: JsonObject): Json => {
  const { items } = schema
  return isObject(items) ? [typesOf(items), formatOf(items) ?? null, null] : null
}

/** The format as it was written: the normaliser turns two of them into content keywords. */
const formatOf = (schema: JsonObject): string | undefined => textAt(schema, 'format')

const typeSpelling = (pair: Pair): readonly Spelling[] => {
  const [a, b] = [typesOf(pair.base.value), typesOf(pair.revision.value)]
  const [wasNull, isNull] = [a.includes('null'), b.includes('null')]
  const [before, after] = [a, b].map((types) => types.filter((type) => type !== 'null').toSorted())
  const found: Spelling[] = []
  const isTyped = a.length > 0 === b.length > 0
  if (wasNull !== isNull && isTyped) found.push(spelling(pair, 'nullable', isNull ? 'added' : 'removed'))
  const [format, next] = [formatOf(pair.base.value), formatOf(pair.revision.value)]
  if (!sameJson(before, after) || format !== next)
    found.push(
      spelling(
        pair,
        'type',
        'changed',
        [before ?? [], format ?? null, itemsOf(pair.base.value)],
        [after ?? [], next ?? null, itemsOf(pair.revision.value)],
      ),
    )
  return found
}

const enumSpelling = (pair: Pair, keyword: string): readonly Spelling[] => {
  const [a, b] = [pair.base.value[keyword], pair.revision.value[keyword]]
  if (!isList(a)) return isList(b) && b.length > 0 ? [spelling(pair, keyword, 'set', undefined, b)] : []
  if (!isList(b)) return [spelling(pair, keyword, 'unset', a)]
  const missing = (from: readonly Json[], other: readonly Json[]): readonly Json[] =>
    from.filter((value) => !other.some((each) => sameJson(each, value)))
  const [removed, added] = [missing(a, b), missing(b, a)]
  return [
    ...(removed.length > 0 ? [spelling(pair, keyword, 'value-removed', removed)] : []),
    ...(added.length > 0 ? [spelling(pair, keyword, 'value-added', undefined, added)] : []),
  ]
}

const properties = (pair: Pair): readonly Spelling[] => {
  const [a, b] = [pair.base.value, pair.revision.value]
  const [before, after] = [a['properties'], b['properties']]
  const [needed, needs] = [listAt(a, 'required'), listAt(b, 'required')]
  const names = new Set([before, after].flatMap((each) => (isObject(each) ? Object.keys(each) : [])))
  return [...names].flatMap((name): Spelling[] => {
    const [was, is] = [memberOf(before, name), memberOf(after, name)]
    const place = {
      base: below(`${pair.base.pointer}/properties`, name),
      revision: below(`${pair.revision.pointer}/properties`, name),
      root: false,
    }
    const own = is ?? was
    const about = {
      ...place,
      readOnly: memberOf(own, 'readOnly') === true,
      writeOnly: memberOf(own, 'writeOnly') === true,
      default: memberOf(own, 'default') !== undefined,
    }
    if (was === undefined)
      return [{ ...about, keyword: 'property', change: 'added', required: needs.includes(name) }]
    if (is === undefined)
      return [
        {
          ...about,
          keyword: 'property',
          change: 'removed',
          required: needed.includes(name),
          sunset: memberOf(was, 'deprecated') === true ? (memberOf(was, 'x-sunset') ?? true) : false,
        },
      ]
    if (needed.includes(name) === needs.includes(name)) return []
    return [{ ...about, keyword: 'required', change: needs.includes(name) ? 'added' : 'removed' }]
  })
}

const annotations = (pair: Pair): readonly Spelling[] => {
  const [a, b] = [pair.base.value, pair.revision.value]
  const found: Spelling[] = []
  for (const name of ['readOnly', 'writeOnly']) {
    const [was, is] = [a[name] === true, b[name] === true]
    if (was !== is) found.push(spelling(pair, name, is ? 'added' : 'removed'))
  }
  return found
}

const branches = (pair: Pair, keyword: string, found: Spelling[], visit: Visit, revision: Spec): void => {
  const [a, b] = [listAt(pair.base.value, keyword), listAt(pair.revision.value, keyword)]
  if (a.length === 0 && b.length === 0) return
  const left = a.map((value, at) => ({ value, pointer: `${pair.base.pointer}/${keyword}/${at}` }))
  const right = b.map((value, at) => ({ value, pointer: `${pair.revision.pointer}/${keyword}/${at}` }))
  const take = (matches: (x: Json, y: Json) => boolean): void => {
    for (const one of left.slice()) {
      const at = right.findIndex((other) => matches(one.value, other.value))
      const other = right[at]
      if (!other) continue
      right.splice(at, 1)
      left.splice(left.indexOf(one), 1)
      visit(one.value, other.value, one.pointer, other.pointer, false)
    }
  }
  const isInline = (value: Json): boolean => referenceOf(value) === undefined
  take((x, y) => !isInline(x) && referenceOf(x) === referenceOf(y))
  take((x, y) => isInline(x) && sameJson(x, y))
  take(
    (x, y) =>
      isInline(x) &&
      isInline(y) &&
      textAt(x, 'title') !== undefined &&
      textAt(x, 'title') === textAt(y, 'title'),
  )
  if (left.length === 1 && right.length === 1) take((x, y) => isInline(x) && isInline(y))
  for (const { value } of left)
    found.push({ ...spelling(pair, keyword, 'removed', value), default: saysNothing(value) })
  for (const { value } of right)
    found.push({
      ...spelling(
        pair,
        keyword,
        a.length === 0 && isWrapped(pair, b, revision) ? 'wrapped' : 'added',
        undefined,
        value,
      ),
      default: saysNothing(value),
    })
}

/** Whether the schema became one branch of its own union. */
const isWrapped = ({ base, revision }: Pair, options: readonly Json[], spec: Spec): boolean =>
  Object.keys(base.value).length > 0 &&
  revision.value['type'] === undefined &&
  options.some(
    (option) =>
      sameJson(spec.follow(option, '')?.value, base.value) || textAt(option, '$ref') === `#${base.pointer}`,
  )
