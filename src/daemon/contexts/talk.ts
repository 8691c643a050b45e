import { hash } from 'node:crypto'
import { bodyOf, messageOf } from '../../core/canonical-json.ts'
import { type ContextKey, mainHead, type NewTurn, type StoredTurn } from '../../core/context.ts'
import type { ContextUse } from '../../core/context-use.ts'
import { McpdError } from '../../core/errors.ts'
import type { ChatInput, InferenceRequest, InferenceResponse, Message } from '../../core/inference.ts'
import type { ContextTrace } from '../../core/trace.ts'
import { answerFrom, messageFrom, originOf } from './answer-turn.ts'
import { continuationOf, type NewMessage } from './continuation.ts'
import { idOf } from './ids.ts'
import { matchHash } from './match-hash.ts'
import type { PathTurn } from './path.ts'
import type { Pruning } from './pruning.ts'
import type { ContextStore } from './store.ts'
import type { Stored } from './writes.ts'

export interface TalkParts {
  readonly contexts: ContextStore
  readonly newId: () => string
  /** What of a path goes to the model. */
  readonly look: (turns: readonly PathTurn[], request: TalkRequest, head: string) => Promise<Sight>
  /** Told of every stored answer, so that estimates can learn from what was counted. */
  readonly learn: Pruning['learn']
  /** Told of every stored answer that was asked for without all of the history. */
  readonly overflowed: (key: ContextKey, head: string) => void
}

export type TalkRequest = InferenceRequest & { readonly context: ContextUse; readonly input: ChatInput }

/** A path as it is sent: the turns that are left, and how the others were left out. */
export interface Sight {
  readonly turns: readonly PathTurn[]
  /** Whose tokens were counted. */
  readonly model: string
  readonly trace: NonNullable<ContextTrace['view']>
}

/** A request joined with its conversation, and an answer to come. */
export interface Talk {
  readonly request: InferenceRequest
  /** Absent where nothing is stored. */
  readonly trace?: ContextTrace
  /** The answer, where the same request was answered before. */
  readonly known?: InferenceResponse
  complete(answer: InferenceResponse): Promise<void>
  abort(answer: InferenceResponse): Promise<void>
}

/** Where a conversation goes on: a head, and the turns that lead to it. */
interface Place {
  /** Undefined: none is there, and one has to be made. */
  readonly head: string | undefined
  /** Where the head must still be. */
  readonly expected: string | null
  readonly end: string | null
  readonly path: readonly PathTurn[]
}

/**
 * Stores what the request adds to its conversation, and opens the turn of the answer. Throws CONTEXT_NOT_FOUND, and
 * CONTEXT_CONFLICT where the request contradicts what is stored or somebody else was first.
 */
export const beginTurn = async (parts: TalkParts, request: TalkRequest): Promise<Talk> => {
  const { contexts } = parts
  const { context, input, principal } = request
  if ((input.choices ?? 1) > 1)
    throw new McpdError('BAD_REQUEST', 'With a context there is one answer at a time.', { param: 'n' })
  const key: ContextKey = { tenant: principal.tenant, context: context.id }
  const place = await placeOf(contexts, key, context)
  const step = nextStep(place, input.messages, context)
  // First of all, so that a request that nobody can answer leaves nothing behind.
  const told = pathTo(place, step.base)
  const added = step.turns.map((turn, index) =>
    addedTurn(turn, parts.newId(), (told.at(-1)?.turn.seq ?? 0) + index + 1),
  )
  const expected = await parts.look([...told, ...added.map(readTurn)], request, place.head ?? 'fork')
  if (context.addition?.stores === false) return readOnly(joined(request, expected.turns))
  const stored = await storeQuestion(parts, key, place, { ...step, turns: added }, request)
  const opened = stored.turns.at(-1)!
  const isFirst = stored.outcome === 'ok' && stored.turns.length === added.length + 1
  const path = isFirst ? [] : (await contexts.path(key, { turn: opened.id })).turns
  const sight = isFirst ? expected : await parts.look(path.slice(0, -1).map(readTurn), request, stored.name)
  const close = async (answer: InferenceResponse, state: 'complete' | 'aborted'): Promise<void> => {
    const origin = originOf(request, answer, state)
    await contexts.append({
      ...key,
      head: stored.name,
      expected: '*',
      closes: opened.id,
      turns: [{ id: opened.id, role: 'assistant', body: bodyOf(messageFrom(answer)), state, origin }],
    })
    if (state === 'aborted') return
    if (answer.usage) {
      const sent = sight.turns.map(({ message }) => message)
      parts.learn(sight.model, sent, input.tools ?? [], answer.usage.inputTokens)
    }
    if (sight.trace.dropped.some(({ reason }) => reason === 'budget')) parts.overflowed(key, stored.name)
  }
  return {
    request: joined(request, sight.turns),
    trace: { id: context.id, head: stored.name, turn: opened.id, view: sight.trace },
    ...(opened.state === 'complete' && { known: answerFrom(path.at(-1)!) }),
    complete: (answer) => close(answer, 'complete'),
    abort: (answer) => close(answer, 'aborted'),
  }
}

const readOnly = (request: InferenceRequest): Talk => ({
  request,
  complete: async () => undefined,
  abort: async () => undefined,
})

/** Adds what is new and opens the answer's turn; the same idempotency key finds the turn of the first time. */
const storeQuestion = async (
  { contexts, newId }: TalkParts,
  key: ContextKey,
  place: Place,
  step: Omit<Step, 'turns'> & { readonly turns: readonly StoredTurn[] },
  { context, header }: TalkRequest,
): Promise<Stored> => {
  const given = header?.('idempotency-key') || undefined
  const isNew = step.turns.length > 0 || step.forks
  // A question that is there, and without an answer, has its key already, with other content.
  const idempotencyKey = given === undefined || !isNew ? undefined : `chat ${given}`
  const stored = await contexts.append({
    ...key,
    head:
      step.forks || place.head === undefined
        ? `fork-${idempotencyKey === undefined ? newId() : idOf(idempotencyKey)}`
        : place.head,
    expected: step.forks ? null : place.expected,
    base: step.base,
    turns: step.turns.map(({ id, role, body, pinned }): NewTurn => ({ id, role, body, pinned })),
    opens: { id: newId(), role: 'assistant' },
    onConflict: context.onConflict,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  })
  const opened = stored.turns.at(-1)!
  if (stored.outcome === 'ok' || opened.state === 'complete') return stored
  if (opened.state === 'streaming') throw answering(context, opened.id)
  // The question is stored; only its answer was lost, or the ones that were made anew since.
  const later = await answersBehind(contexts, { ...key, head: stored.name }, opened.id)
  const last = later.at(-1)
  if (last?.state === 'streaming') throw answering(context, last.id)
  if (last?.state === 'complete') return { ...stored, turns: [...stored.turns.slice(0, -1), last] }
  return contexts.append({
    ...key,
    head: stored.name,
    expected: last?.id ?? opened.id,
    turns: [],
    opens: { id: newId(), role: 'assistant' },
    onConflict: context.onConflict,
  })
}

/** Answers to the same question that follow one which broke off, up to one that did not. */
const answersBehind = async (
  contexts: ContextStore,
  { head, ...key }: ContextKey & { readonly head: string },
  turn: string,
): Promise<readonly StoredTurn[]> => {
  const { turns } = await contexts.path(key, { head })
  const at = turns.findIndex(({ id }) => id === turn)
  const behind = at === -1 ? [] : turns.slice(at + 1)
  const other = behind.findIndex(({ role }) => role !== 'assistant')
  const answers = behind.slice(0, other === -1 ? behind.length : other)
  const whole = answers.findIndex(({ state }) => state !== 'aborted')
  return whole === -1 ? answers : answers.slice(0, whole + 1)
}

/** The head that a request names: by its name, or by the turn that must be the last one. */
const placeOf = async (contexts: ContextStore, key: ContextKey, use: ContextUse): Promise<Place> => {
  if (use.addition?.begins) return { head: mainHead, expected: null, end: null, path: [] }
  const { heads } = await contexts.summary(key)
  const name = use.head ?? mainHead
  const head = Object.hasOwn(heads, name) ? name : headAt(heads, name)
  if (head !== undefined) {
    const { end, turns } = await contexts.path(key, { head })
    return { head, expected: end, end, path: turns.map(readTurn) }
  }
  // Somebody went on from the turn: whoever says fork goes on from it too, on a head of its own.
  const { end, turns } = await contexts.path(key, { turn: name })
  if (use.onConflict === 'reject') throw moved(use, heads[mainHead] ?? null)
  return { head: undefined, expected: null, end, path: turns.map(readTurn) }
}

const headAt = (heads: Readonly<Record<string, string | null>>, turn: string): string | undefined =>
  heads[mainHead] === turn ? mainHead : Object.entries(heads).find(([, at]) => at === turn)?.[0]

interface Step {
  readonly turns: readonly NewMessage[]
  readonly forks: boolean
  /** Where a fork goes on from. */
  readonly base: string | null
}

const nextStep = ({ path, end, head }: Place, messages: readonly Message[], use: ContextUse): Step => {
  const last = path.at(-1)
  const isAnswering = last?.turn.state === 'streaming'
  if (isAnswering && use.onConflict === 'reject') throw answering(use, last.turn.id)
  const settled = isAnswering ? path.slice(0, -1) : path
  const found = use.addition
    ? { outcome: 'continues' as const, turns: isRetry(settled, messages) ? [] : messages.map(unpinned) }
    : continuationOf(settled, messages)
  if (found.outcome === 'continues') {
    const forks = isAnswering || head === undefined
    return { turns: found.turns, forks, base: isAnswering ? last.turn.parent : end }
  }
  if (use.onConflict === 'reject')
    throw new McpdError(
      'CONTEXT_CONFLICT',
      `The messages tell the conversation otherwise than it is stored, from the turn ${found.turn} on.`,
      {
        head: end,
        param: 'messages',
        suggestions: ['Send only what is new, or set mcpd.context.onConflict to "fork".'],
      },
    )
  return { turns: found.turns, forks: true, base: found.base }
}

const unpinned = (message: Message): NewMessage => ({ message, pinned: false })

/** Whether messages that are said to be new are those whose answer has just failed: asked again, not twice. */
const isRetry = (path: readonly PathTurn[], messages: readonly Message[]): boolean => {
  if (messages.length === 0 || path.at(-1)?.turn.state !== 'aborted') return false
  const asked = path.slice(0, -1).slice(-messages.length)
  return (
    asked.length === messages.length &&
    asked.every(({ turn, message }, index) => {
      const isSame = bodyOf(message).equals(bodyOf(messages[index]!))
      return turn.state === 'complete' && turn.origin === undefined && isSame
    })
  )
}

/** The part of a path that ends with the turn `base`. */
const pathTo = ({ path }: Place, base: string | null): readonly PathTurn[] =>
  path.slice(0, path.findIndex(({ turn }) => turn.id === base) + 1)

/** A turn as it will be, but for what is before it: that is known once it is stored. */
export const addedTurn = ({ message, pinned }: NewMessage, id: string, seq: number): StoredTurn => {
  const body = bodyOf(message)
  return {
    id,
    parent: null,
    seq,
    role: message.role,
    at: 0,
    state: 'complete',
    bodyHash: hash('sha256', body, 'base64url'),
    chainHash: '',
    body,
    bodyBytes: body.length,
    pinned,
  }
}

const moved = ({ id }: ContextUse, head: string | null): McpdError =>
  new McpdError('CONTEXT_CONFLICT', `Somebody else has added to the context ${id} in the meantime.`, {
    head,
    suggestions: ['Read it again and repeat the request, or set mcpd.context.onConflict to "fork".'],
  })

const answering = ({ id }: ContextUse, turn: string): McpdError =>
  new McpdError('CONTEXT_CONFLICT', `An answer in the context ${id} is being written (turn ${turn}).`, {
    head: turn,
    suggestions: ['Wait until it is complete, or set mcpd.context.onConflict to "fork".'],
  })

/** Bodies are kept while they are in memory, and so is what was read from them. */
const read = new WeakMap<Buffer, { readonly message: Message; readonly matchHash: string }>()

export const readTurn = ({ body, ...turn }: StoredTurn): PathTurn => {
  let known = read.get(body)
  if (!known) {
    const message = messageOf(body)
    read.set(body, (known = { message, matchHash: matchHash(message) }))
  }
  return { turn, ...known }
}

/** The request with the conversation in place of its messages; its own bytes stand if they say the same. */
const joined = (request: TalkRequest, turns: readonly PathTurn[]): InferenceRequest => {
  const { instructions } = request.context.addition ?? {}
  const system = instructions === undefined ? [] : [{ role: 'system' as const, content: instructions }]
  const messages = [...system, ...turns.map(({ message }) => message)]
  const sent = request.input.messages
  const isSame =
    sent.length === messages.length &&
    turns.every((each, index) => (each.matchHash ?? matchHash(each.message)) === matchHash(sent[index]!))
  if (isSame) return request
  const { frame: _, ...rest } = request
  return { ...rest, input: { ...request.input, messages } }
}
