import type { ContextKey } from '../../../core/context.ts'
import { McpdError } from '../../../core/errors.ts'

/** The name that `restore` was to give is taken. */
export const existsAlready = ({ context }: ContextKey): McpdError =>
  new McpdError('CONFLICT', `There is a context ${context} already.`, {
    suggestions: ['Import it under another id, or delete the one that is there.'],
  })

/** An append of a `restore` did not fit the ones before it. */
export const contradicts = ({ context }: ContextKey): McpdError =>
  new McpdError('BAD_REQUEST', `What is to be restored as ${context} contradicts itself.`)

export const noTurn = ({ context }: ContextKey, id: string): McpdError =>
  new McpdError('CONTEXT_NOT_FOUND', `The context ${context} has no turn ${id}.`)

export const unknownConsumer = (name: string): McpdError =>
  new McpdError('INTERNAL', `The outbox has no consumer ${name}; name it when the journal is opened.`)
