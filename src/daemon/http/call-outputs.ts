import { messageOf } from '../../core/canonical-json.ts'
import { mainHead } from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'
import type { Message } from '../../core/inference.ts'
import type { ContextStore } from '../contexts/store.ts'
import type { ResponsePlace } from './response-place.ts'

/**
 * Throws BAD_REQUEST, in the words of OpenAI, for the output of a call that nobody made: stored, it would make every
 * later request of its conversation one that backends refuse.
 */
export const requireCalls = async (
  contexts: ContextStore,
  tenant: string,
  messages: readonly Message[],
  { use, begins }: ResponsePlace,
): Promise<void> => {
  if (orphanOf(messages, []) === undefined) return
  const orphan = orphanOf(messages, begins ? [] : await storedCalls(contexts, tenant, use))
  if (orphan !== undefined)
    throw new McpdError(
      'BAD_REQUEST',
      `No tool call found for function call output with call_id ${orphan}.`,
      {
        param: 'input',
      },
    )
}

const storedCalls = async (
  contexts: ContextStore,
  tenant: string,
  { id: context, head = mainHead }: ResponsePlace['use'],
): Promise<string[]> => {
  const key = { tenant, context }
  const { heads } = await contexts.summary(key)
  const { turns } = await contexts.path(key, Object.hasOwn(heads, head) ? { head } : { turn: head })
  return turns
    .filter(({ role }) => role === 'assistant')
    .flatMap(({ body }) => messageOf(body).toolCalls?.map(({ id }) => id) ?? [])
}

/** The first output whose call is neither among those known nor before it. */
const orphanOf = (messages: readonly Message[], known: readonly string[]): string | undefined => {
  const calls = new Set(known)
  for (const { role, toolCalls = [], toolCallId } of messages) {
    if (role === 'tool' && toolCallId !== undefined && !calls.has(toolCallId)) return toolCallId
    for (const { id } of toolCalls) calls.add(id)
  }
  return undefined
}
