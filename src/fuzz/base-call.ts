import { isObject, type Json, memberOf } from '../openapi/json.ts'
import { accepts } from '../openapi/schema/accepts.ts'
import { memberNames } from './api/model-operation.ts'
import { isJsonType, type MediaType, type Operation } from './api/operation.ts'
import type { Call, CallBody, Identity } from './call.ts'
import { freshen } from './draw/freshen.ts'
import type { Random } from './draw/random.ts'
import { typical } from './draw/typical.ts'
import { acceptsBody, acceptsParameter, travels } from './wire/readings.ts'
import { isWritable } from './wire/serialise.ts'
import { isXmlType } from './wire/xml.ts'

/** How a valid call is made up, in the order in which ways are tried until one is taken. */
export type Recipe = 'all' | 'none' | 'example' | 'some'
export const recipes: readonly Recipe[] = ['all', 'none', 'example', 'some', 'some', 'some']

export interface BaseOptions {
  readonly random: Random
  readonly recipe: Recipe
  readonly tokensMax: number
  readonly identity: Identity
  /** Instead of the first that can be written. */
  readonly media?: MediaType | undefined
}

/** A valid call, but for values that have to be of something that exists. */
export const makeCall = (operation: Operation, options: BaseOptions): Call => {
  const values: Record<'path' | 'query' | 'header' | 'cookie', Record<string, Json>> = {
    path: {},
    query: {},
    header: {},
    cookie: {},
  }
  for (const parameter of operation.parameters) {
    const { required, examples, name, view } = parameter
    if (!required && (options.recipe === 'none' || options.recipe === 'all' || options.random() < 0.6))
      continue
    const fits = (value: Json): boolean => acceptsParameter(parameter, value) && travels(parameter.in, value)
    const example = examples.find(fits)
    const value =
      (options.recipe === 'example' ? example : undefined) ??
      retried(() => typical(view, { random: options.random, optional: 'all', name }), fits) ??
      example
    if (value !== undefined && value !== null) values[parameter.in][name] = value
  }
  const body = makeBody(operation, options)
  return { operation: operation.key, ...values, ...(body && { body }), identity: options.identity }
}

const retried = (make: () => Json | undefined, fits: (value: Json) => boolean): Json | undefined => {
  for (let tries = 0; tries < 5; tries++) {
    const value = make()
    if (value !== undefined && fits(value)) return value
  }
  return undefined
}

/** The first type of a body that can be written, JSON before all. */
export const writableMedia = (operation: Operation): readonly MediaType[] =>
  (operation.body?.media ?? [])
    .filter(({ type }) => isWritable(type))
    .toSorted((left, right) => Number(isJsonType(right.type)) - Number(isJsonType(left.type)))

const makeBody = (operation: Operation, options: BaseOptions): CallBody | undefined => {
  const media = options.media ?? writableMedia(operation)[0]
  if (!media || !operation.body) return undefined
  const { type, view, examples } = media
  if (!operation.body.required && options.recipe === 'none' && !operation.isModel) return undefined
  const { random, recipe } = options
  const example = examples.find((each) => isValidBody(media, each))
  const optional = recipe === 'example' ? 'some' : recipe
  const made =
    recipe === 'example' && example !== undefined
      ? isXmlType(type)
        ? example
        : freshen(view, example, random)
      : typical(view, {
          random,
          optional: operation.isModel && recipe === 'all' ? 'none' : optional,
          name: '',
        })
  const value = operation.isModel ? withPlainInput(media, made ?? example) : (made ?? example)
  if (value === undefined) return undefined
  return {
    mediaType: type === '*/*' ? 'application/octet-stream' : type,
    value: guardTokens(operation, value, options.tokensMax),
  }
}

const plainInputs: readonly (readonly [string, readonly Json[]])[] = [
  [
    'messages',
    [
      [{ role: 'user', content: 'Say hi.' }],
      [{ role: 'user', content: [{ type: 'text', text: 'Say hi.' }] }],
    ],
  ],
  ['prompt', ['Say hi.']],
  ['input', ['Say hi.', ['Say hi.']]],
  ['inputs', ['Say hi.']],
  ['text', ['Say hi.']],
]

/** Models want to be asked something, which no schema says. */
const withPlainInput = (media: MediaType, value: Json | undefined): Json | undefined => {
  if (!isObject(value)) return value
  let next = value
  for (const [name, inputs] of plainInputs) {
    if (!Object.hasOwn(next, name) && name !== 'messages') continue
    const tried = inputs.map((input) => ({ ...next, [name]: input })).find((each) => isValidBody(media, each))
    if (tried && (Object.hasOwn(next, name) || memberNames(media.view).has(name))) next = tried
  }
  return next
}

/** Whether a body of a media type is valid as it travels; of XML nobody can tell. */
export const isValidBody = ({ type, view }: MediaType, value: Json): boolean =>
  isXmlType(type) ? true : isJsonType(type) ? accepts(view, value) : acceptsBody(type, view, value)

const limits = [
  'max_tokens',
  'max_completion_tokens',
  'max_new_tokens',
  'max_output_tokens',
  'num_predict',
  'maxTokens',
  'n',
  'best_of',
]

/** A model endpoint is never asked for more than a few tokens, whatever the schema allows: tokens cost. */
export const guardTokens = (operation: Pick<Operation, 'isModel'>, value: Json, tokensMax: number): Json => {
  if (!operation.isModel || !isObject(value)) return value
  const next: Record<string, Json> = { ...value }
  for (const name of limits) {
    const given = memberOf(next, name)
    const most = name === 'n' || name === 'best_of' ? 2 : tokensMax
    if (typeof given === 'number' && given > most) next[name] = most
  }
  for (const name of ['options', 'parameters']) {
    const inner = memberOf(next, name)
    if (isObject(inner)) next[name] = guardTokens(operation, inner, tokensMax)
  }
  return next
}

/** A call with other texts where they may have to be unique; what its subject or a binding says is kept. */
export const freshCall = (
  operation: Operation,
  call: Call,
  random: Random,
  kept: readonly string[],
  keptHeader?: string,
): Call => {
  const { body } = call
  const header = freshKeys(operation, call.header, random, keptHeader)
  const media = body && operation.body?.media.find(({ type }) => type === body.mediaType)
  if (operation.isModel || !body || body.value === undefined || !media || kept.includes(''))
    return { ...call, header }
  return { ...call, header, body: { ...body, value: freshen(media.view, body.value, random, kept) } }
}

const onceOnly = /idempoten|request-?id|correlation|nonce|dedup/i

/** Headers by which a target knows that a request is the same again: it would answer with what it has made before. */
const freshKeys = (
  { parameters }: Operation,
  header: Call['header'],
  random: Random,
  kept: string | undefined,
): Call['header'] =>
  Object.fromEntries(
    Object.entries(header).map(([name, value]) => {
      const own = parameters.find((each) => each.in === 'header' && each.name === name)
      return own && name !== kept && onceOnly.test(name)
        ? [name, freshen(own.view, value, random)]
        : [name, value]
    }),
  )
