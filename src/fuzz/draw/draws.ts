import { canonicalText, isList, isObject, type Json, memberOf } from '../../openapi/json.ts'
import { below } from '../../openapi/pointer.ts'
import { accepts } from '../../openapi/schema/accepts.ts'
import type { Alternative, ArrayAlternative, ObjectAlternative } from '../../openapi/schema/alternative.ts'
import { alternatives } from '../../openapi/schema/alternatives.ts'
import { memberView } from '../../openapi/schema/structure.ts'
import { isAny, isHidden, isNever, type View } from '../../openapi/schema/view.ts'
import { type Draw, withPart } from './draw.ts'
import { valuesOf, wrongTypes } from './plain-parts.ts'
import type { Random } from './random.ts'
import { pairsOf } from './related-names.ts'
import { numberParts, type Part, stringParts } from './scalars.ts'
import { typical } from './typical.ts'

/** Draws of one value are at most so many: a schema with thousands of places is walked as far as that. */
const drawsMax = 3000
const depthMax = 6

export interface DrawOptions {
  readonly random: Random
  /** Whether a whole value is valid; by default what the schema says of it as JSON. */
  readonly isValid?: (value: Json) => boolean
  /** What the value is called. */
  readonly name: string
}

/**
 * Every keyword of a schema on its valid and its invalid side, each as one change of `base`, which must be valid. The
 * order is fixed. What is valid or invalid was tried on the whole value, so a change that another keyword undoes is
 * not among them.
 */
export const drawsOf = (view: View, base: Json, options: DrawOptions): readonly Draw[] => {
  const { isValid = (value) => accepts(view, value) } = options
  const found: Draw[] = []
  const seen = new Set<string>()
  const add = (part: Omit<Draw, 'value'>, value: Json | undefined): void => {
    if (found.length >= drawsMax || value === undefined) return
    const text = canonicalText(value)
    if (seen.has(text)) return
    if (part.expect !== 'unknown' && isValid(value) !== (part.expect === 'valid')) return
    // What was meant to break programs and turns out to break the schema says more.
    seen.add(text)
    found.push({ ...part, value })
  }
  walk({ root: base, add, options }, view, base, '', 0)
  return found
}

interface Walk {
  readonly root: Json
  readonly add: (part: Omit<Draw, 'value'>, value: Json | undefined) => void
  readonly options: DrawOptions
}

const walk = (walking: Walk, view: View, value: Json, pointer: string, depth: number): void => {
  const all = alternatives(view)
  const own = all.filter((one) => fits(one, value))
  const types = new Set(all.map(({ type }) => type))
  const put = (part: Part): void =>
    walking.add({ ...part, pointer }, withPart(walking.root, pointer, part.value))
  for (const one of all) {
    if (one.values) valuesOf(one).forEach(put)
    else if (one.type === 'number') numberParts(one).forEach(put)
    else if (one.type === 'string') stringParts(one).forEach(put)
  }
  if (!all.some(isAnything)) wrongTypes(types).forEach(put)
  for (const one of own) {
    if (one.type === 'array' && isList(value)) lists(walking, one, value, pointer, depth)
    if (one.type === 'object' && isObject(value)) objects(walking, one, value, pointer, depth)
  }
  for (const one of all)
    if (!own.includes(one) && depth < depthMax && (one.type === 'object' || one.type === 'array')) {
      for (const optional of ['all', 'none'] as const) {
        const { random, name } = walking.options
        const other = typical(one.view, { random, optional, name })
        const what = `another branch ${one.label ?? ''}${optional === 'none' ? ' with required members only' : ''}`
        if (other !== undefined) put({ expect: 'valid', keyword: 'oneOf', what: what.trim(), value: other })
      }
    }
}

const fits = (one: Alternative, value: Json): boolean =>
  (one.type === 'array' ? isList(value) : one.type === 'object' ? isObject(value) : false) &&
  accepts(one.view, value)

const isAnything = (one: Alternative): boolean => isAny(one.view)

const itemsMax = 1000

const lists = (
  walking: Walk,
  one: ArrayAlternative,
  value: readonly Json[],
  pointer: string,
  depth: number,
): void => {
  const { random, name } = walking.options
  const put = (
    expect: Part['expect'],
    keyword: string,
    what: string,
    list: readonly Json[] | undefined,
  ): void => walking.add({ expect, keyword, what, pointer }, list && withPart(walking.root, pointer, list))
  const make = (length: number): readonly Json[] | undefined => {
    const items: Json[] = value.slice(0, length)
    for (let tries = 0; items.length < length && tries < length * 5; tries++) {
      const item = typical(
        one.prefix[items.length] ?? one.items,
        { random, optional: 'all', name },
        depth + 1,
      )
      if (item === undefined) return undefined
      if (!one.unique || !items.some((each) => canonicalText(each) === canonicalText(item))) items.push(item)
    }
    return items.length === length ? items : undefined
  }
  put('valid', 'minItems', 'the shortest list', make(one.minItems))
  if (one.minItems > 0) put('invalid', 'minItems', 'too few items', value.slice(0, one.minItems - 1))
  if (one.minItems > 0) put('invalid', 'minItems', 'no items', [])
  put('valid', 'items', 'one item more', make(Math.min(one.maxItems, value.length + 1, itemsMax)))
  if (one.maxItems < itemsMax) {
    put('valid', 'maxItems', 'the longest list', make(one.maxItems))
    const full = make(one.maxItems) ?? value
    put(
      'invalid',
      'maxItems',
      'too many items',
      full.length > 0 ? (make(one.maxItems + 1) ?? [...full, ...full]) : undefined,
    )
  } else if (!one.unique) put('unknown', 'edge', 'very many items', make(Math.min(itemsMax, 500)))
  const first = value[0] ?? make(1)?.[0]
  if (first !== undefined) {
    if (one.unique)
      put(
        'invalid',
        'uniqueItems',
        'an item twice',
        [...(value.length > 0 ? value : [first]), first].slice(0, one.maxItems),
      )
    else if (one.maxItems > 1) put('valid', 'items', 'an item twice', [first, first])
  }
  if (depth >= depthMax) return
  const inner =
    value.length > 0
      ? walking
      : {
          ...walking,
          root: withPart(walking.root, pointer, first === undefined ? [] : [first]) ?? walking.root,
        }
  if (first !== undefined) walk(inner, one.prefix[0] ?? one.items, first, below(pointer, 0), depth + 1)
  for (let at = 1; at < Math.min(one.prefix.length, value.length); at++)
    walk(walking, one.prefix[at] ?? one.items, value[at] ?? null, below(pointer, at), depth + 1)
}

const objects = (
  walking: Walk,
  one: ObjectAlternative,
  value: { readonly [name: string]: Json },
  pointer: string,
  depth: number,
): void => {
  const { random } = walking.options
  const put = (
    expect: Part['expect'],
    keyword: string,
    what: string,
    at: string,
    whole: Json | undefined,
  ): void => walking.add({ expect, keyword, what, pointer: at }, whole)
  for (const name of one.required)
    put(
      'invalid',
      'required',
      `without ${name}`,
      below(pointer, name),
      withPart(walking.root, below(pointer, name), undefined),
    )
  const least = Object.fromEntries(Object.entries(value).filter(([name]) => one.required.has(name)))
  put('valid', 'required', 'required members only', pointer, withPart(walking.root, pointer, least))
  for (const [name, view] of one.properties) {
    if (isHidden(view) || isNever(view)) continue
    const place = below(pointer, name)
    const own = memberOf(value, name)
    const member = own ?? typical(view, { random, optional: 'all', name }, depth + 1)
    if (member === undefined) continue
    if (!one.required.has(name)) {
      put('valid', 'properties', `with ${name}`, place, withPart(walking.root, place, member))
      put('valid', 'properties', `without ${name}`, place, withPart(walking.root, place, undefined))
    }
    const root = own === undefined ? withPart(walking.root, place, member) : walking.root
    if (depth < depthMax && root !== undefined)
      walk({ ...walking, root, options: { ...walking.options, name } }, view, member, place, depth + 1)
  }
  objectKeywords(walking, one, value, pointer, depth)
}

const objectKeywords = (
  walking: Walk,
  one: ObjectAlternative,
  value: { readonly [name: string]: Json },
  pointer: string,
  depth: number,
): void => {
  const { random } = walking.options
  const put = (expect: Part['expect'], keyword: string, what: string, whole: Json | undefined): void =>
    walking.add(
      { expect, keyword, what, pointer },
      whole === undefined ? undefined : withPart(walking.root, pointer, whole),
    )
  const extra = typical(one.additional, { random, optional: 'none', name: 'extra' }, depth + 1) ?? 'extra'
  const isWritten = one.view.atoms.some(({ node }) => node['additionalProperties'] !== undefined)
  put(isWritten ? 'valid' : 'unknown', 'additionalProperties', 'a member of its own', {
    ...value,
    extraMember: isAny(one.additional) ? 'extra' : extra,
  })
  if (isNever(one.additional))
    put('invalid', 'additionalProperties', 'a member that is not allowed', { ...value, extraMember: 'extra' })
  else if (isWritten && !isAny(one.additional))
    for (const wrong of [null, 12.5, 'text', [], {}] as const)
      put('invalid', 'additionalProperties', 'a member of another type', { ...value, extraMember: wrong })
  put('unknown', 'text', 'a member called __proto__', JSON.parse(`{"__proto__":{"x":1}}`) as Json)
  if (Number.isFinite(one.maxProperties) && one.maxProperties < 100)
    put('invalid', 'maxProperties', 'too many members', {
      ...value,
      ...Object.fromEntries(Array.from({ length: one.maxProperties + 1 }, (_, at) => [`extra${at}`, extra])),
    })
  for (const [name, needed] of one.dependentRequired)
    for (const each of needed)
      put(
        'invalid',
        'dependentRequired',
        `${name} without ${each}`,
        withPart(
          {
            ...value,
            [name]: value[name] ?? typical(memberView(one, name), { random, optional: 'all', name }) ?? null,
          },
          below('', each),
          undefined,
        ),
      )
  if (one.minProperties > 0) put('invalid', 'minProperties', 'no members', {})
  if (one.names.length > 0) put('invalid', 'propertyNames', 'an odd name', { ...value, '!odd name?': extra })
  for (const [left, right] of pairsOf([...one.properties.keys()])) {
    const [a, b] = [value[left], value[right]]
    if (a === undefined || b === undefined) continue
    put('unknown', 'pair', `${left} and ${right} exchanged`, { ...value, [left]: b, [right]: a })
    put('unknown', 'pair', `${left} and ${right} equal`, { ...value, [right]: a })
    put('unknown', 'pair', `${left} alone`, withPart(value, below('', right), undefined))
    put('unknown', 'pair', `${right} alone`, withPart(value, below('', left), undefined))
  }
}
