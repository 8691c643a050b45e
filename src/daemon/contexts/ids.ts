import { hash, randomBytes } from 'node:crypto'
import { type ContextKey, contextIdPattern } from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'

/**
 * A new id of a context or a turn: the time, so that an index grows at its end, and 64 random bits. Never begins
 * with a hyphen, which a command would take for a flag.
 */
export const newId = (now: number = Date.now()): string =>
  `${now.toString(36).padStart(9, '0')}${randomBytes(8).readBigUInt64BE().toString(36).padStart(13, '0')}`

/** The id that belongs to a text, always the same: such as of what an idempotency key makes. */
export const idOf = (text: string): string => hash('sha256', text, 'hex').slice(0, 32)

/** Throws BAD_REQUEST unless it can be the name of a context, a head or a turn. */
export const checkId = (id: string, param: string): void => {
  if (!contextIdPattern.test(id))
    throw new McpdError('BAD_REQUEST', `${param} must be 1 to 64 letters, digits, hyphens or underscores.`, {
      param,
    })
}

/** What a context is found by in memory. Neither part can hold a NUL once it was checked, and the name is nobody's to see. */
export const nameOf = ({ tenant, context }: ContextKey): string => `${tenant}\0${context}`
