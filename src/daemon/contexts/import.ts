import { canonicalJson } from '../../core/canonical-json.ts'
import {
  type Append,
  type ContextAbout,
  type ContextKey,
  type NewTurn,
  type Turn,
  turnStates,
} from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'
import type { ExportHeader } from './export.ts'
import { chainHashOf, sha256 } from './journal/hashes.ts'
import { checkAbout, contextLimits } from './limits.ts'
import { checkId } from './ids.ts'

/** Turns of one import. */
const turnsMax = 100_000

/**
 * The appends that make a context of an export, for `ContextStore.restore`, under its own name where `place` has none.
 * Every hash is computed anew and must be the one that is written there. Throws BAD_REQUEST with the line at fault for anything that is not a whole export:
 * cut short, in another order than parents before children, or with bodies that do not have their hashes.
 */
export const readExport = (
  text: string,
  place: Pick<ContextKey, 'tenant'> & { readonly context?: string },
): readonly Append[] => {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const [first, ...rest] = lines
  if (first === undefined) throw wrong(1, 'there is nothing in it')
  const header = readHeader(first)
  if (rest.length !== header.turns)
    throw wrong(
      lines.length,
      `it says that it has ${header.turns} turns, and it has ${rest.length}: it was cut short or put together`,
    )
  const known = new Map<string, Turn>()
  const turns = rest.map((line, index) => readTurn(line, index + 2, known))
  const heads = Object.entries(header.heads)
  for (const [name, at] of heads) {
    checkId(name, 'heads')
    if (at !== null && !known.has(at)) throw wrong(1, `the head ${name} is at a turn that is not in it`)
  }
  const { tenant, context = header.context } = place
  checkId(context, 'context')
  return appendsOf({ tenant, context }, header, turns)
}

const appendsOf = (
  key: ContextKey,
  { about, heads }: ExportHeader,
  turns: readonly ReadTurn[],
): readonly Append[] => {
  const names = Object.keys(heads)
  const [work = 'main'] = names
  const { tenant, context } = key
  const runs: (Append & { readonly turns: NewTurn[] })[] = []
  for (const { parent, turn } of turns) {
    const run = runs.at(-1)
    const last = run?.turns.at(-1)
    // What follows the turn before it goes into the same append.
    if (run && last?.id === parent && run.turns.length < contextLimits.turnsMax) run.turns.push(turn)
    else runs.push({ tenant, context, head: work, expected: '*', base: parent, turns: [turn] })
  }
  const moves = names.map((head): Append => ({
    tenant,
    context,
    head,
    expected: head === work ? '*' : null,
    base: heads[head] ?? null,
    turns: [],
  }))
  return [{ tenant, context, head: work, expected: null, turns: [], about }, ...runs, ...moves]
}

const readHeader = (line: string): ExportHeader => {
  const header: unknown = parse(line, 1)
  if (!isHeader(header)) throw wrong(1, 'it is not an export of a context')
  if (header.version !== 1)
    throw wrong(1, `it is of version ${String(header.version)}, and this mcpd reads 1`)
  const { about = {}, heads, turns, context = '' } = header
  const isWhole =
    isRecord(about) &&
    isRecord(heads) &&
    Object.values(heads).every((at) => at === null || typeof at === 'string') &&
    typeof turns === 'number' &&
    typeof context === 'string'
  if (!isWhole || Object.keys(heads).length === 0) throw wrong(1, 'it does not say heads and number of turns')
  if (turns > turnsMax) throw wrong(1, `it has ${turns} turns, and at most ${turnsMax} can be imported`)
  return { format: 'mcpd-context', version: 1, context, about: readAbout(about), heads, turns }
}

const isHeader = (value: unknown): value is Partial<ExportHeader> =>
  isRecord(value) && value['format'] === 'mcpd-context'

const readAbout = ({ title, tags, metadata, pinned }: Partial<Record<string, unknown>>): ContextAbout => {
  const isFit =
    (title === undefined || typeof title === 'string') &&
    (tags === undefined || (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string'))) &&
    (metadata === undefined || isRecord(metadata)) &&
    (pinned === undefined || typeof pinned === 'boolean')
  if (!isFit) throw wrong(1, 'what it says about the context is not of the right kinds')
  const about: ContextAbout = {
    ...(title !== undefined && { title }),
    ...(tags !== undefined && { tags }),
    ...(metadata !== undefined && { metadata }),
    ...(pinned !== undefined && { pinned }),
  }
  checkAbout(about)
  return about
}

interface ReadTurn {
  readonly parent: string | null
  readonly turn: NewTurn
}

const roles: readonly unknown[] = ['system', 'developer', 'user', 'assistant', 'tool']

const readTurn = (line: string, number: number, known: Map<string, Turn>): ReadTurn => {
  const value = parse(line, number)
  if (!isTurn(value)) throw wrong(number, 'it is not a turn')
  const { id, parent, role, at, state, pinned, origin, seq } = value
  checkId(id, 'id')
  if (known.has(id)) throw wrong(number, `the turn ${id} is there twice`)
  const before = parent === null ? undefined : known.get(parent)
  // Parents come first, so there can be no circle.
  if (parent !== null && !before) throw wrong(number, `the parent of the turn ${id} does not come before it`)
  const body = Buffer.from(canonicalJson(value.body))
  const bodyHash = sha256(body)
  if (bodyHash !== value.bodyHash || chainHashOf(before?.chainHash, bodyHash) !== value.chainHash)
    throw wrong(number, `the turn ${id} does not have the hashes that it says`)
  if (seq !== (before?.seq ?? 0) + 1) throw wrong(number, `the turn ${id} is not in its place`)
  if (value.body.role !== role) throw wrong(number, `the turn ${id} and its message have different roles`)
  known.set(id, value)
  const turn: NewTurn = {
    id,
    role,
    body,
    at,
    pinned,
    // Nobody goes on writing an answer that was open when it was exported.
    state: state === 'streaming' ? 'aborted' : state,
    ...(origin && { origin }),
  }
  return { parent, turn }
}

const isTurn = (value: unknown): value is Turn & { readonly body: { readonly role: unknown } } => {
  if (!isRecord(value)) return false
  const { id, parent, role, at, state, pinned, origin, seq, body } = value
  return (
    typeof id === 'string' &&
    (parent === null || typeof parent === 'string') &&
    roles.includes(role) &&
    Number.isSafeInteger(at) &&
    Number.isSafeInteger(seq) &&
    (turnStates as readonly unknown[]).includes(state) &&
    typeof pinned === 'boolean' &&
    (origin === undefined || (isRecord(origin) && typeof origin.model === 'string')) &&
    isRecord(body)
  )
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const parse = (line: string, number: number): unknown => {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw wrong(number, 'it is not JSON: the export was cut short or changed', error)
  }
}

const wrong = (line: number, what: string, cause?: unknown): McpdError =>
  new McpdError(
    'BAD_REQUEST',
    `The export cannot be imported; line ${line}: ${what}.`,
    { suggestions: ['Export the context again with `mcpd context export`.'] },
    cause,
  )
