import { McpdError } from './errors.ts'
import type { Message, Part, Role } from './inference.ts'

/** How deep a value may be nested; deeper ones would exhaust the stack somewhere. */
const depthMax = 256

/**
 * The one JSON text of a value, after RFC 8785: members sorted by their UTF-16 code units, no white space, numbers as
 * JavaScript writes them. NULs and lone surrogates come out as escapes, so that the text is valid UTF-8 and any store
 * takes it. `undefined` members are absent. Throws BAD_REQUEST for numbers JSON has no word for and for deep nesting.
 */
export const canonicalJson = (value: unknown): string => write(value, 0)

const write = (value: unknown, depth: number): string => {
  if (depth > depthMax)
    throw new McpdError('BAD_REQUEST', `A message may be nested at most ${depthMax} levels deep.`)
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new McpdError('BAD_REQUEST', 'A message holds a number that is too large to be kept.')
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((item) => write(item ?? null, depth + 1)).join(',')}]`
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${write(member, depth + 1)}`)
  return `{${members.join(',')}}`
}

/**
 * The bytes under which a message is kept and hashed. What dialects write in different ways for the same thing comes
 * out the same: one text part is its string, null, empty lists and empty members are absent, and so is the empty
 * text beside tool calls.
 */
export const bodyOf = (message: Message): Buffer => {
  const { role, name, toolCalls, toolCallId, reasoning, extra } = message
  const calls = toolCalls?.length ? toolCalls : undefined
  const content = contentOf(message)
  return Buffer.from(
    canonicalJson({
      role,
      content: content === '' && calls ? undefined : content,
      name: name || undefined,
      toolCalls: calls?.map(({ id, name, argumentsText }) => ({ id, name, argumentsText })),
      toolCallId: toolCallId || undefined,
      reasoning: reasoning || undefined,
      extra: extra && Object.keys(extra).length > 0 ? extra : undefined,
    }),
  )
}

const contentOf = ({ content }: Message): string | readonly Part[] | undefined => {
  if (content === null || typeof content === 'string') return content ?? undefined
  const [only] = content
  if (content.length === 1 && only?.type === 'text') return only.text
  return content.length === 0 ? undefined : content
}

/** The body of a message that says nothing: what an open turn has until its answer is there. */
export const emptyBody = (role: Role): Buffer => bodyOf({ role, content: null })

const roles: readonly string[] = ['system', 'developer', 'user', 'assistant', 'tool'] satisfies Role[]

/** Whether a parsed value can be a message: enough to read it, not that it is canonical. */
const isMessage = (value: unknown): value is Omit<Message, 'content'> & { content?: Message['content'] } => {
  if (typeof value !== 'object' || value === null) return false
  const { role, content, toolCalls } = value as Partial<Record<keyof Message, unknown>>
  return (
    typeof role === 'string' &&
    roles.includes(role) &&
    (content === undefined || typeof content === 'string' || Array.isArray(content)) &&
    (toolCalls === undefined || Array.isArray(toolCalls))
  )
}

/** The message that a body is of. Throws CONTEXT_DAMAGED if it is none. */
export const messageOf = (body: Buffer): Message => {
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch (error) {
    throw new McpdError('CONTEXT_DAMAGED', 'A stored turn is not JSON.', {}, error)
  }
  if (!isMessage(value)) throw new McpdError('CONTEXT_DAMAGED', 'A stored turn is not a message.')
  return { ...value, content: value.content ?? null }
}
