import type { ContextSummary } from '../../../core/context.ts'
import { McpdError } from '../../../core/errors.ts'

/** Where a page of contexts ended: pages go from the last changed to the first, by name where times are equal. */
export interface Cursor {
  readonly updatedAt: number
  readonly context: string
}

export const cursorOf = ({ updatedAt, context }: ContextSummary): string =>
  Buffer.from(JSON.stringify([updatedAt, context])).toString('base64url')

/** Throws BAD_REQUEST for text that no page has ended with. */
export const readCursor = (text: string): Cursor => {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (Array.isArray(value)) {
      const [updatedAt, context] = value as readonly unknown[]
      if (typeof updatedAt === 'number' && typeof context === 'string') return { updatedAt, context }
    }
  } catch {
    // Said below.
  }
  throw new McpdError('BAD_REQUEST', 'The cursor is not one that a page ended with.', { param: 'cursor' })
}
