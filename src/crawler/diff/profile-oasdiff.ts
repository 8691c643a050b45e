import { asText } from '../../openapi/json.ts'
import type { Json } from '../../openapi/json.ts'
import type { Fact } from './fact.ts'
import { keywordVerdicts } from './profile-oasdiff-keywords.ts'
import { movesEarlier } from './rules/property-rules.ts'
import { type Rule, sunsetOf } from './rules/rule.ts'
import type { Verdict } from './severity.ts'
import { valueRules } from './rules/value-rules.ts'

/**
 * What oasdiff 1.28 would say, where its conventions are others than ours: ERR is breaking, WARN risky, INFO safe,
 * and what it has no rule for is none. It judges schemas by how they are written, so value sets do not count here.
 */
export const oasdiffVerdict = (fact: Fact, rule: Rule, decided: Verdict, now: number): Verdict => {
  if (fact.data['unstable'] === true) return 'none'
  if (fact.kind === 'spelling') return spellingVerdict(fact)
  if (valueKinds.has(fact.kind) || schemaKinds.has(fact.kind)) return 'none'
  if (fact.area === 'security') return 'safe'
  if (fact.area === 'server' || fact.area === 'callback') return 'none'
  return otherVerdict(fact, now) ?? decided
}

const valueKinds: ReadonlySet<string> = new Set(valueRules.map(({ fact }) => fact))
const schemaKinds: ReadonlySet<string> = new Set([
  'property-added',
  'property-removed',
  'property-became-required',
  'property-became-optional',
  'default-added',
  'default-changed',
  'default-removed',
  'became-read-only',
  'became-not-read-only',
  'became-write-only',
  'became-not-write-only',
])

/** Facts that are not about schemas. */
const otherVerdict = (fact: Fact, now: number): Verdict | undefined => {
  const sunset = sunsetOf(fact)
  switch (fact.kind) {
    case 'operation-removed':
      if (fact.data['deprecated'] !== true) return 'breaking'
      if (sunset === undefined) return 'breaking'
      return sunset !== null && sunset > now ? 'breaking' : 'safe'
    case 'parameter-removed':
      if (fact.data['deprecated'] !== true) return 'risky'
      return sunset === undefined || (sunset !== null && sunset > now) ? 'breaking' : 'safe'
    case 'deprecated':
      return sunset === undefined || (sunset !== null && sunset < now) ? 'breaking' : 'safe'
    case 'sunset-removed':
      return 'breaking'
    case 'sunset-changed':
      return movesEarlier(fact) && (sunset ?? 0) < now ? 'breaking' : movesEarlier(fact) ? 'breaking' : 'none'
    case 'stability-changed':
      return stabilityVerdict(fact)
    case 'parameter-moved':
      return fact.data['required'] === true ? 'breaking' : 'risky'
    case 'parameter-style-changed':
    case 'parameter-content-changed':
    case 'encoding-changed':
    case 'status-generalized':
      return 'none'
    case 'media-type-changed':
      return fact.flow === 'response' && fact.data['parameter'] !== true && fact.effect === 'widened'
        ? 'breaking'
        : 'safe'
    // Webhooks are judged as if the client sent them.
    case 'body-became-required':
      return 'breaking'
    case 'body-became-optional':
    case 'parameter-became-optional':
      return 'safe'
    case 'parameter-became-required':
      return 'breaking'
    case 'parameter-added':
      return fact.data['required'] === true ? 'breaking' : 'safe'
    case 'body-added':
      return fact.data['required'] === true ? 'breaking' : 'safe'
    case 'header-removed':
      return fact.data['required'] === true ? 'breaking' : 'risky'
    default:
      return undefined
  }
}

const levels = ['draft', 'alpha', 'beta', 'stable']

const stabilityVerdict = ({ before, after }: Fact): Verdict => {
  const level = (value: Json | undefined): number =>
    value === null || value === undefined ? 3 : levels.indexOf(asText(value))
  return level(after) < level(before) ? 'breaking' : 'safe'
}

/** Keywords of which only coming and going is judged. */
const applicators = new Set([
  'if',
  'then',
  'else',
  'contains',
  'dependentRequired',
  'dependentSchemas',
  'patternProperties',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
  'contentSchema',
])

const text = (fact: Fact, name: string): string => asText(fact.data[name] ?? '')

const spellingVerdict = (fact: Fact): Verdict => {
  const [keyword, change] = [text(fact, 'keyword'), text(fact, 'change')]
  // Webhooks are judged as if the client sent them.
  const isRequest = fact.area === 'request-body' || fact.area === 'parameter'
  if (fact.area === 'header') return headerVerdict(fact, keyword, change)
  if (fact.area === 'parameter' && fact.data['root'] !== true)
    return parameterPropertyVerdict(fact, keyword, change)
  if (keyword === 'type') return typeVerdict(fact, isRequest)
  if (keyword === 'property' || keyword === 'required')
    return propertyVerdict(fact, keyword, change, isRequest)
  const verdict = keywordVerdict(fact, keyword, change, isRequest)
  // What a client does not send cannot be sent wrongly, nor what it does not get be read wrongly.
  const isHidden = isRequest ? fact.data['readOnly'] === true : fact.data['writeOnly'] === true
  return isHidden && constraining.has(keyword) && verdict !== 'none' ? 'safe' : verdict
}

const constraining = new Set([
  'enum',
  'maximum',
  'minimum',
  'exclusiveMaximum',
  'exclusiveMinimum',
  'maxLength',
  'minLength',
  'minItems',
])

const keywordVerdict = (fact: Fact, keyword: string, change: string, isRequest: boolean): Verdict => {
  if (keyword === 'pattern' && change === 'changed' && isRequest)
    return takesAll(fact.after) ? 'safe' : 'risky'
  if (keyword === 'allOf' && fact.data['default'] === true) return 'safe'
  // A list of values that went away altogether counts as each of them removed, in a body.
  if (keyword === 'enum' && change === 'unset')
    return fact.area === 'request-body' && fact.data['root'] === true ? 'breaking' : 'none'
  // Who must send a parameter never meets its default.
  if (keyword === 'default' && fact.area === 'parameter' && fact.data['required'] === true) return 'none'
  if (keyword === 'writeOnly' && change === 'removed' && !isRequest) return 'safe'
  if (applicators.has(keyword) && change !== 'changed') {
    if (fact.area === 'parameter') return 'none'
    return (change === 'added') === isRequest ? 'breaking' : 'safe'
  }
  const row = keywordVerdicts[`${keyword} ${change}`]
  if (!row) return 'none'
  const [request, response, parameter = request] = row
  return fact.area === 'parameter' ? parameter : isRequest ? request : response
}

const takesAll = (pattern: Json | undefined): boolean => pattern === '.*' || pattern === '^.*$'

const propertyVerdict = (fact: Fact, keyword: string, change: string, isRequest: boolean): Verdict => {
  const { data } = fact
  const [required, readOnly, writeOnly] = [
    data['required'] === true,
    data['readOnly'] === true,
    data['writeOnly'] === true,
  ]
  if (keyword === 'required') {
    if (isRequest) return change === 'removed' || readOnly ? 'safe' : 'breaking'
    return change === 'added' || writeOnly ? 'safe' : 'breaking'
  }
  if (change === 'added') return isRequest && required && !readOnly ? 'breaking' : 'safe'
  if (isRequest) return data['sunset'] === false ? 'risky' : 'safe'
  if (writeOnly) return 'safe'
  return required ? 'breaking' : 'risky'
}

const parameterPropertyVerdict = (fact: Fact, keyword: string, change: string): Verdict => {
  if (keyword === 'type') {
    if (losesListedTypes(fact)) return 'breaking'
    const [wider, narrower] = typeRelation(fact)
    return wider ? 'safe' : narrower ? 'breaking' : 'risky'
  }
  if (keyword === 'enum' && change === 'value-removed') return 'breaking'
  if (keyword === 'maxItems') return change === 'decreased' ? 'breaking' : 'none'
  if (keyword === 'nullable') return change === 'removed' ? 'breaking' : 'safe'
  const isHeader = fact.data['in'] === 'header'
  if (isHeader && keyword === 'enum' && change === 'set') return 'breaking'
  if (isHeader && (keyword === 'property' || keyword === 'required') && change === 'added')
    return keyword === 'required' || fact.data['required'] === true ? 'breaking' : 'none'
  return 'none'
}

const headerVerdict = (fact: Fact, keyword: string, change: string): Verdict => {
  if (fact.data['root'] !== true) return 'none'
  if (keyword === 'nullable') return change === 'added' ? 'breaking' : 'safe'
  return keyword === 'type' ? typeVerdict(fact, false) : 'none'
}

const typeVerdict = (fact: Fact, isRequest: boolean): Verdict => {
  if (losesListedTypes(fact)) return isRequest ? 'breaking' : 'safe'
  const [wider, narrower] = typeRelation(fact)
  if (isRequest) return wider ? 'safe' : 'breaking'
  return narrower ? 'safe' : 'breaking'
}

type Written = readonly [types: readonly string[], format: string | null, items: Written | null]

/** A list of types that became shorter: also where a text takes what the others do. */
const losesListedTypes = (fact: Fact): boolean => {
  const [[before], [after]] = [fact.before, fact.after] as unknown as readonly [Written, Written] // as below
  return after.length > 1 && after.length < before.length && after.every((type) => before.includes(type))
}

/** Whether the new type and format hold the old, and the old the new. */
const typeRelation = (fact: Fact): readonly [boolean, boolean] => {
  const [before, after] = [fact.before, fact.after] as unknown as readonly [Written, Written] // made by compareSpelling
  const isText = fact.data['text'] !== 'none'
  const isExploded = fact.data['text'] === 'exploded'
  const holds = (outer: Written, inner: Written): boolean => {
    // A list in a query may be one value long.
    if (isExploded && outer[0].includes('array') && !inner[0].includes('array') && outer[2])
      return holds(outer[2], inner)
    return typesHold(outer[0], inner[0], isText) && formatHolds(outer, inner, isText)
  }
  return [holds(after, before), holds(before, after)]
}

const typesHold = (outer: readonly string[], inner: readonly string[], isText: boolean): boolean => {
  if (outer.length === 0) return true
  if (inner.length === 0) return false
  if (isText && outer.includes('string')) return true
  return inner.every((type) => outer.includes(type) || (type === 'integer' && outer.includes('number')))
}

const formatPairs = new Set([
  'double float',
  'int64 int32',
  'bigint int32',
  'bigint int64',
  'date-time date',
  'date-time time',
])

const formatHolds = (
  [outerTypes, outer]: Written,
  [innerTypes, inner]: Written,
  isText: boolean,
): boolean => {
  if (outer === null || outer === inner) return true
  // A plain text holds numbers however they are formatted, and a format of texts does not.
  if (isText && outerTypes.includes('string') && !innerTypes.includes('string')) return false
  return inner !== null && formatPairs.has(`${outer} ${inner}`)
}
