import { canonicalJson, messageOf } from '../../core/canonical-json.ts'
import type { ContextKey, ContextSummary, StoredTurn } from '../../core/context.ts'
import type { Part } from '../../core/inference.ts'
import type { ContextPath, Journal } from '../../core/journal.ts'

/** The first line of an export; `version` rises when a reader of the old form would get it wrong. */
export interface ExportHeader {
  readonly format: 'mcpd-context'
  readonly version: 1
  readonly context: string
  readonly about: Pick<ContextSummary, 'title' | 'tags' | 'metadata' | 'pinned'>
  readonly heads: ContextSummary['heads']
  /** How many lines follow. */
  readonly turns: number
}

/** What an export needs of a journal. */
export type Exportable = Pick<Journal, 'summary' | 'turns'>

/**
 * A whole context as JSON lines: what it is, then its turns in the order they were stored, each with its hashes and
 * its body as it is kept. Undefined where there is none.
 */
export const exportContext = async (
  journal: Exportable,
  key: ContextKey,
): Promise<Iterable<string> | undefined> => {
  const turns = await journal.turns(key)
  const summary = await journal.summary(key)
  return turns && summary && linesOf(summary, turns)
}

function* linesOf(summary: ContextSummary, turns: readonly StoredTurn[]): Iterable<string> {
  const { context, title, tags, metadata, pinned } = summary
  // Heads that were moved between the two reads lead to turns that are not in it.
  const known = new Set(turns.map(({ id }) => id))
  const heads = Object.fromEntries(
    Object.entries(summary.heads).filter(([, at]) => at === null || known.has(at)),
  )
  const header: ExportHeader = {
    format: 'mcpd-context',
    version: 1,
    context,
    about: {
      ...(title !== undefined && { title }),
      ...(tags && { tags }),
      ...(metadata && { metadata }),
      ...(pinned && { pinned }),
    },
    heads,
    turns: turns.length,
  }
  yield `${canonicalJson(header)}\n`
  for (const { body, ...turn } of turns)
    yield `${canonicalJson(turn).slice(0, -1)},"body":${body.toString()}}\n`
}

/** One path of a context for people, as Markdown: who said what, when, and what was called. */
export const exportMarkdown = (summary: ContextSummary, head: string, path: ContextPath): string => {
  const title = summary.title ?? summary.context
  const lines = [
    `# ${oneLine(title)}`,
    '',
    `Context \`${summary.context}\`, head \`${head}\`, ${path.length} ${path.length === 1 ? 'turn' : 'turns'}.`,
  ]
  for (const turn of path.turns) lines.push('', ...sectionOf(turn))
  return `${lines.join('\n')}\n`
}

const sectionOf = (turn: StoredTurn): readonly string[] => {
  const { content, name, reasoning, toolCalls = [], toolCallId } = messageOf(turn.body)
  const parts = typeof content === 'string' ? [content] : (content ?? []).map(partText)
  const facts = [
    new Date(turn.at).toISOString(),
    turn.origin?.model,
    turn.pinned ? 'pinned' : undefined,
    turn.state === 'complete' ? undefined : turn.state,
    toolCallId === undefined ? undefined : `answers ${toolCallId}`,
  ].filter((fact) => fact !== undefined)
  return [
    `## ${turn.seq}. ${turn.role}${name === undefined ? '' : ` (${oneLine(name)})`}`,
    '',
    `<sub>${facts.map(oneLine).join(' · ')}</sub>`,
    ...(reasoning === undefined ? [] : ['', ...reasoning.split('\n').map((line) => `> ${line}`)]),
    ...parts.flatMap((text) => ['', text]),
    ...toolCalls.flatMap(({ id, name, argumentsText }) => [
      '',
      `Calls \`${oneLine(name)}\` (${oneLine(id)}):`,
      '',
      ...fenced(argumentsText),
    ]),
  ]
}

const partText = (part: Part): string => {
  if (part.type === 'text') return part.text
  if (part.type === 'image' && !part.url.startsWith('data:')) return `![image](<${part.url}>)`
  return `*(${part.type === 'other' ? 'a part of another kind' : part.type})*`
}

/** A fence that nothing in the text can end. */
const fenced = (text: string): readonly string[] => {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length))
  const fence = '`'.repeat(longest + 1)
  return [fence, text, fence]
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ')
