import type { ContextSummary } from '../../../core/context.ts'
import { McpdError } from '../../../core/errors.ts'

/** Where a page of contexts ended: pages go from the last changed to the first, by name where times are equal. */
export interface Cursor {
  readonly updatedAt: number
  readonly context: string
}

/** Milliseconds and an id. */
export const cursorPattern = String.raw`^\d{1,15}\.[A-Za-z0-9_-]{1,64}$`
const shape = new RegExp(cursorPattern)

export const cursorOf = ({ updatedAt, context }: ContextSummary): string => `${updatedAt}.${context}`

/** Throws BAD_REQUEST for text that no page has ended with. */
export const readCursor = (text: string): Cursor => {
  const [updatedAt = '', context = ''] = text.split('.')
  if (shape.test(text)) return { updatedAt: Number(updatedAt), context }
  throw new McpdError('BAD_REQUEST', 'The cursor is not one that a page ended with.', { param: 'cursor' })
}
