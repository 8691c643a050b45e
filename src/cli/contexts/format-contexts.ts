import type {
  ContextEntry,
  ContextHit,
  ContextPage,
  ContextTurn,
  ContextViewReport,
} from '../../client/index.ts'
import { printable } from '../printable.ts'
import { formatDuration } from '../quantity.ts'
import { formatTable } from '../table.ts'

/** What `mcpd context list` prints. */
export const formatContexts = (contexts: readonly ContextEntry[], nowMs: number): string =>
  contexts.length === 0
    ? 'There are no contexts yet.\n  Begin one: mcpd chat --context new'
    : formatTable(
        ['ID', 'TITLE', 'TURNS', 'HEADS', 'USED'],
        contexts.map(({ id, title, turns, heads, updatedAt, pinned, archived }) => [
          id,
          (title ?? '-') + (pinned ? ' (pinned)' : '') + (archived ? ' (archived)' : ''),
          String(turns),
          Object.keys(heads).join(', '),
          `${formatDuration(Math.max(0, nowMs - updatedAt))} ago`,
        ]),
      )

/** A conversation to be read: one paragraph per turn. */
export const formatTurns = ({ id, ref, head, turns, next, view }: ContextPage): string =>
  [
    `${id} · ${ref} · ${head ?? 'no turns yet'}`,
    ...turns.map(formatTurn),
    ...(view ? [formatView(view)] : []),
    ...(next === undefined ? [] : [`More: --cursor ${next}`]),
  ].join('\n\n')

const formatTurn = (turn: ContextTurn): string => {
  const marks = [
    ...(turn.state === 'complete' ? [] : [turn.state]),
    ...(turn.pinned ? ['pinned'] : []),
    ...(typeof turn.origin?.['model'] === 'string' ? [turn.origin['model']] : []),
  ]
  const said = textOf(turn.content)
  const calls = (turn.toolCalls ?? []).map((call) => `→ ${JSON.stringify(call)}`)
  return [
    `[${turn.seq}] ${turn.role}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}  ${turn.id}`,
    ...(said === '' ? [] : [printable(said)]),
    ...calls.map(printable),
  ].join('\n')
}

const textOf = (content: unknown): string =>
  typeof content === 'string'
    ? content
    : Array.isArray(content)
      ? content.map((part: { text?: string; type: string }) => part.text ?? `[${part.type}]`).join('\n')
      : ''

/** What is left out under a budget, and why. */
export const formatView = ({ mode, tokens, exact, kept, dropped }: ContextViewReport): string => {
  const head = `${kept.length} turns are kept: ${exact ? '' : 'about '}${tokens} tokens (${mode}).`
  if (dropped.length === 0) return `${head} Nothing is left out.`
  return `${head}\n\n${formatTable(
    ['LEFT OUT', 'TOKENS', 'WHY'],
    dropped.map(({ id, tokens, reason }) => [id, String(tokens), reason]),
  )}`
}

export const formatHits = (hits: readonly ContextHit[]): string =>
  hits.length === 0
    ? 'Nothing was found.'
    : formatTable(
        ['CONTEXT', 'TURN', 'ROLE', 'TEXT'],
        hits.map(({ context, turn, role, snippet }) => [context, turn, role, snippet]),
      )
