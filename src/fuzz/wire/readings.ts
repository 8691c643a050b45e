import { asText, isList, isObject, type Json } from '../../openapi/json.ts'
import { accepts } from '../../openapi/schema/accepts.ts'
import { alternatives } from '../../openapi/schema/alternatives.ts'
import { memberView } from '../../openapi/schema/structure.ts'
import type { View } from '../../openapi/schema/view.ts'
import type { Parameter } from '../api/operation.ts'
import { isForm, wellFormed } from './serialise.ts'

/**
 * Outside JSON every value travels as text, and who gets it reads it as the schema suggests: `5` is a number where
 * one is wanted, one item is a list of one. A value is invalid only if no reading of its text is valid.
 */
export const acceptsOnWire = (view: View, value: Json): boolean =>
  readingsOf(view, asSent(value), 0).some((reading) => accepts(view, reading))

/** The same of a body: of a form only its parts are sent, of anything else that is no JSON its text. */
export const acceptsBody = (type: string, view: View, value: Json): boolean => {
  if (!isForm(type)) return acceptsOnWire(view, typeof value === 'string' ? value : JSON.stringify(value))
  const parts = Object.entries(isObject(value) ? value : {}).filter(
    ([, part]) => !isList(part) || part.length > 0,
  )
  // Who gets an empty part may take it as none at all.
  const filled = parts.filter(([, part]) => part !== '')
  return acceptsOnWire(view, Object.fromEntries(parts)) || acceptsOnWire(view, Object.fromEntries(filled))
}

/** What is left of a value on the wire: texts, lists of texts and members that are either. */
const asSent = (value: Json): Json =>
  isList(value)
    ? value.map(asText)
    : isObject(value)
      ? Object.fromEntries(
          Object.entries(value).map(([name, member]) => [
            name,
            isList(member) ? member.map(asText) : asText(member),
          ]),
        )
      : asText(value)

const depthMax = 6
const numeric = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i
const trueWords = /^\s*(true|1|yes|on|y|t)\s*$/i
const falseWords = /^\s*(false|0|no|off|n|f|)\s*$/i

const readingsOf = (view: View, value: Json, depth: number): readonly Json[] => {
  if (depth > depthMax) return [value]
  const found: Json[] = []
  for (const one of alternatives(view)) {
    const text = isList(value)
      ? value.map(asText).join(',')
      : isObject(value)
        ? undefined
        : wellFormed(asText(value))
    if (one.type === 'string' && text !== undefined) found.push(text)
    if (one.type === 'number' && text !== undefined && numeric.test(text)) found.push(Number(text))
    if (one.type === 'number' && text !== undefined && /^\s*0[xob]/i.test(text)) found.push(Number(text))
    if (one.type === 'boolean' && text !== undefined)
      found.push(...(trueWords.test(text) ? [true] : falseWords.test(text) ? [false] : []))
    if (one.type === 'null' && (text === '' || text === 'null')) found.push(null)
    if ((one.type === 'array' || one.type === 'object') && text !== undefined && /^\s*[[{]/.test(text))
      found.push(...parsed(text))
    if (one.type === 'array') {
      const read = (items: readonly Json[]): Json =>
        items.map((item, at) => firstValid(one.prefix[at] ?? one.items, item, depth))
      if (isList(value)) found.push(read(value))
      else if (text !== undefined) found.push(read([text]), read(text.split(',')))
    }
    if (one.type === 'object' && isObject(value))
      found.push(
        Object.fromEntries(
          Object.entries(value).map(([name, member]) => [
            name,
            firstValid(memberView(one, name), member, depth),
          ]),
        ),
      )
  }
  return found
}

/** Some parameters and parts of forms carry JSON. */
const parsed = (text: string): readonly Json[] => {
  try {
    return [JSON.parse(text) as Json]
  } catch {
    return []
  }
}

const firstValid = (view: View, value: Json, depth: number): Json => {
  const readings = readingsOf(view, value, depth + 1)
  return readings.find((reading) => accepts(view, reading)) ?? readings[0] ?? value
}

/** Whether a value of a parameter is valid as it travels. */
export const acceptsParameter = (parameter: Parameter, value: Json): boolean =>
  parameter.isJson
    ? accepts(parameter.view, value)
    : acceptsOnWire(parameter.view, isObject(value) ? withTexts(value) : value)

/** Members of parameters are not repeated: a list in one is a text. */
const withTexts = (value: { readonly [name: string]: Json }): Json =>
  Object.fromEntries(Object.entries(value).map(([name, member]) => [name, asText(member)]))

/** Whether the text in a header or path stays what it is: no character is lost or ends the value. */
export const travels = (where: Parameter['in'], value: Json): boolean => {
  const texts = isList(value)
    ? value.map(asText)
    : isObject(value)
      ? Object.values(value).map(asText)
      : [asText(value)]
  if (where === 'header')
    return texts.every(
      (text) =>
        /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !(isList(value) && text.includes(',')),
    )
  if (where === 'cookie')
    return texts.every((text) => /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/.test(text))
  if (where === 'path')
    return (
      texts.length > 0 && texts.every((text) => text !== '' && !/^\.\.?$/.test(text) && text.isWellFormed())
    )
  // An empty list or object is nothing at all.
  return texts.length > 0 && texts.every((text) => text.isWellFormed())
}
