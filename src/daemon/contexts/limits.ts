import { canonicalJson } from '../../core/canonical-json.ts'
import type { Append, ContextAbout, NewTurn } from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'
import type { Annotation } from '../../core/journal.ts'
import { checkId } from './ids.ts'

/** What may be kept, by default. */
export const contextLimits = {
  /** Of one turn, as canonical JSON. */
  bodyMaxBytes: 10 * 1024 * 1024,
  /** In one append. */
  turnsMax: 10_000,
  titleMax: 200,
  tagsMax: 32,
  tagMax: 64,
  metadataMaxBytes: 16 * 1024,
  idempotencyKeyMax: 255,
} as const

const refuse = (message: string, param: string): McpdError => new McpdError('BAD_REQUEST', message, { param })

/** Control characters in names would turn up in terminals, headers and logs. */
// oxlint-disable-next-line no-control-regex -- they are what it looks for
const control = /[\u0000-\u001f\u007f-\u009f]/

/** In code points, as JSON Schema counts: the document gives the same limits. */
const lengthOf = (text: string): number => Array.from(text).length

/** Throws BAD_REQUEST for what cannot be said about a context. */
export const checkAbout = ({ title, tags, metadata }: ContextAbout | Annotation): void => {
  const { titleMax, tagsMax, tagMax, metadataMaxBytes } = contextLimits
  if (title && (lengthOf(title) > titleMax || control.test(title)))
    throw refuse(`A title has at most ${titleMax} characters, none of them a control character.`, 'title')
  if (tags && tags.length > tagsMax) throw refuse(`A context has at most ${tagsMax} tags.`, 'tags')
  for (const tag of tags ?? [])
    if (tag === '' || lengthOf(tag) > tagMax || control.test(tag))
      throw refuse(`A tag has 1 to ${tagMax} characters, none of them a control character.`, 'tags')
  if (metadata && Buffer.byteLength(canonicalJson(metadata)) > metadataMaxBytes)
    throw refuse(`The metadata of a context has at most ${metadataMaxBytes} bytes as JSON.`, 'metadata')
}

const checkTurn = ({ id, body }: NewTurn, index: number): void => {
  if (id !== undefined) checkId(id, `turns[${index}].id`)
  if (body.length > contextLimits.bodyMaxBytes)
    throw new McpdError(
      'REQUEST_TOO_LARGE',
      `A turn has at most ${contextLimits.bodyMaxBytes} bytes; turn ${index + 1} has ${body.length}.`,
    )
}

/** Throws BAD_REQUEST or REQUEST_TOO_LARGE for what no journal is to be asked. */
export const checkAppend = (append: Append): void => {
  const { tenant, context, head, expected, base, idempotencyKey, turns, opens, closes, about } = append
  checkId(tenant, 'tenant')
  checkId(context, 'context')
  checkId(head, 'head')
  if (expected !== null && expected !== '*') checkId(expected, 'expected')
  if (base) checkId(base, 'base')
  if (opens) checkId(opens.id, 'opens.id')
  if (closes !== undefined) checkId(closes, 'closes')
  if (turns.length > contextLimits.turnsMax)
    throw new McpdError('REQUEST_TOO_LARGE', `One append has at most ${contextLimits.turnsMax} turns.`)
  for (const [index, turn] of turns.entries()) checkTurn(turn, index)
  if (closes !== undefined && (turns.length === 0 || base !== undefined))
    throw refuse('To close a turn takes the turn that it becomes, and no base.', 'closes')
  const { idempotencyKeyMax: max } = contextLimits
  if (idempotencyKey !== undefined && (idempotencyKey === '' || idempotencyKey.length > max))
    throw refuse(`An idempotency key has 1 to ${max} characters.`, 'idempotencyKey')
  if (about) checkAbout(about)
}
