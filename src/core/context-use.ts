import type { Static } from 'typebox'
import { Type } from './schema.ts'
import { McpdError } from './errors.ts'

/** Letters, digits, `_` and `-`, so that an id can stand in a key, a path and a file name as it is. */
const idPattern = '^[A-Za-z0-9_-]{1,64}$'
const isId = (text: string): boolean => new RegExp(idPattern).test(text)

/** The member `mcpd` of a request body: what is mcpd's own business and never reaches a backend. */
export const mcpdMember = Type.Optional(
  Type.Object(
    {
      context: Type.Optional(
        Type.Object(
          {
            id: Type.String({ pattern: idPattern, description: 'The context to go on with.' }),
            head: Type.Optional(
              Type.String({
                pattern: idPattern,
                description: 'A head by its name, or the turn that must still be the last. Default: main.',
              }),
            ),
            budgetTokens: Type.Optional(
              Type.Integer({
                minimum: 1,
                maximum: 2 ** 31 - 1,
                description:
                  "Most tokens of conversation to send. Default: what fits into the model's window.",
              }),
            ),
            onConflict: Type.Optional(
              Type.Enum(['reject', 'fork'], {
                description: 'What to do when the messages contradict what is stored. Default: reject.',
              }),
            ),
          },
          {
            additionalProperties: false,
            description: 'A stored conversation that this request goes on with.',
          },
        ),
      ),
    },
    { additionalProperties: false, description: "mcpd's own fields." },
  ),
)

/** How a request uses a context. */
export interface ContextUse {
  readonly id: string
  /** The name of a head, or the id of the turn that must be the last one. */
  readonly head?: string
  readonly budgetTokens?: number
  readonly onConflict: 'reject' | 'fork'
  /** How a surface uses it whose clients hand over what is new, such as Responses. No client says this itself. */
  readonly addition?: ContextAddition
}

/** Messages that are all new: nothing in them is compared with what is stored. */
export interface ContextAddition {
  /** Whether the context begins with this request; then it must not be there. */
  readonly begins: boolean
  /** False: the conversation is read, and neither the messages nor the answer are stored. */
  readonly stores: boolean
  /** False: BAD_REQUEST where turns would have to be left out for their tokens. */
  readonly truncates: boolean
  /** A system message to send before the conversation, which is never stored. */
  readonly instructions?: string
  /** Kept with the answer as its `origin.settings`. */
  readonly settings?: Readonly<Record<string, unknown>>
}

/**
 * Of the member `mcpd`, already checked against its schema, and of the header `x-mcpd-context: ID` or `ID@HEAD`.
 * Throws BAD_REQUEST where the two contradict each other or the header is malformed.
 */
export const readContextUse = (
  mcpd: Static<typeof mcpdMember> | undefined,
  header: string | undefined,
): ContextUse | undefined => {
  const member = mcpd?.context
  const named = header === undefined || header === '' ? undefined : readHeader(header)
  if (member && named && (member.id !== named.id || (named.head && named.head !== member.head)))
    throw new McpdError(
      'BAD_REQUEST',
      'The header x-mcpd-context and "mcpd.context" name different contexts; send one of them.',
      { param: 'mcpd.context' },
    )
  const id = member?.id ?? named?.id
  if (id === undefined) return undefined
  const head = member?.head ?? named?.head
  return {
    id,
    ...(head !== undefined && { head }),
    ...(member?.budgetTokens !== undefined && { budgetTokens: member.budgetTokens }),
    onConflict: member?.onConflict ?? 'reject',
  }
}

const readHeader = (header: string): { readonly id: string; readonly head?: string } => {
  const [id = '', head, ...more] = header.split('@')
  if (!isId(id) || (head !== undefined && !isId(head)) || more.length > 0)
    throw new McpdError(
      'BAD_REQUEST',
      'The header x-mcpd-context must be ID or ID@HEAD, each of letters, digits, "_" and "-".',
    )
  return { id, ...(head !== undefined && { head }) }
}
