import type { Message } from '../../core/inference.ts'
import { matchHash } from './match-hash.ts'
import { instructionsOf, isComplete, isInstruction, isSummary, type PathTurn } from './path.ts'

/** A message to be appended. */
export interface NewMessage {
  readonly message: Message
  /** Instructions at the top of a request are: they hold until others replace them. */
  readonly pinned: boolean
}

/**
 * What a request means for a path. `continues`: `turns` go behind the end of the path; none, where the request ends
 * where the path does, such as after a failed answer. `contradicts`: the request tells the history otherwise from
 * `turn` on; a fork puts `turns` behind `base` instead, which is null for the very beginning.
 */
export type Continuation =
  | { readonly outcome: 'continues'; readonly turns: readonly NewMessage[] }
  | {
      readonly outcome: 'contradicts'
      /** The first turn of the path that the request does not have. */
      readonly turn: string
      readonly base: string | null
      readonly turns: readonly NewMessage[]
    }

/**
 * Compares the messages of a request with the path, root to leaf, that they go on from.
 *
 * A client that resends the whole history, or a window of it that reaches its end, adds what comes after. One whose
 * history differs, or stops early, contradicts. One that sends no history adds everything. Turns that are not
 * complete, summaries and instructions are left out of the comparison; instructions at the top of the request that
 * are not those of the path are added, and so are those in its middle that the path has nowhere.
 */
export const continuationOf = (path: readonly PathTurn[], messages: readonly Message[]): Continuation => {
  const complete = path.filter(isComplete)
  const spoken = complete.filter(({ turn }) => !isInstruction(turn) && !isSummary(turn))
  const request = readRequest(messages)
  const told = spoken.map(hashOf)
  const heard = request.spoken.map(({ hash }) => hash)
  const overlap = overlapOf(told, heard)
  const window = spoken.slice(spoken.length - overlap.atEnd)
  // A question that was asked before may stand at both ends by chance; an answer does not.
  const goesOn = window.some(isAnswer) || (overlap.atEnd > 0 && overlap.atEnd >= overlap.best.length)
  if (goesOn || !isHistory(spoken, told, request, overlap))
    return { outcome: 'continues', turns: newTurns(complete, request, window) }
  const matched = spoken.slice(overlap.best.end - overlap.best.length, overlap.best.end)
  const base = matched.at(-1)
  const before = base ? complete.slice(0, complete.indexOf(base) + 1) : []
  return {
    outcome: 'contradicts',
    turn: spoken[overlap.best.end]!.turn.id,
    base: base?.turn.id ?? null,
    turns: newTurns(before, request, matched),
  }
}

interface Heard {
  readonly message: Message
  readonly hash: string
}

interface Request {
  /** The instructions it begins with. */
  readonly top: readonly Heard[]
  /** All that follows. */
  readonly rest: readonly Heard[]
  /** Of that, what is no instruction. */
  readonly spoken: readonly Heard[]
}

const readRequest = (messages: readonly Message[]): Request => {
  const heard = messages.map((message) => ({ message, hash: matchHash(message) }))
  const first = heard.findIndex(({ message }) => !isInstruction(message))
  const rest = first === -1 ? [] : heard.slice(first)
  return {
    top: heard.slice(0, heard.length - rest.length),
    rest,
    spoken: rest.filter(({ message }) => !isInstruction(message)),
  }
}

const hashOf = (each: PathTurn): string => each.matchHash ?? matchHash(each.message)

interface Overlap {
  /** How many messages at the beginning of the request are the end of the path. */
  readonly atEnd: number
  /** The longest beginning of the request that is found on the path, the earliest of equals. `end` is exclusive. */
  readonly best: { readonly length: number; readonly end: number }
}

/** By Knuth, Morris and Pratt: a path of ten thousand turns that all say the same takes no longer than another. */
const overlapOf = (told: readonly string[], heard: readonly string[]): Overlap => {
  const borders = bordersOf(heard)
  let best = { length: 0, end: 0 }
  let length = 0
  for (const [index, hash] of told.entries()) {
    while (length > 0 && heard[length] !== hash) length = borders[length - 1]!
    if (heard[length] === hash) length += 1
    if (length > best.length) best = { length, end: index + 1 }
  }
  return { atEnd: length, best }
}

/** For each beginning of `list`, the length of the longest shorter beginning that it ends with. */
const bordersOf = (list: readonly string[]): number[] => {
  const borders = list.length > 0 ? [0] : []
  for (let index = 1, length = 0; index < list.length; index += 1) {
    while (length > 0 && list[index] !== list[length]) length = borders[length - 1]!
    if (list[index] === list[length]) length += 1
    borders.push(length)
  }
  return borders
}

/**
 * Whether a request tells of the past at all: it has an answer or a result of the path, or begins as the path does
 * and goes on with another answer. Questions alone prove nothing, for people ask the same again.
 */
const isHistory = (
  spoken: readonly PathTurn[],
  told: readonly string[],
  request: Request,
  { best }: Overlap,
): boolean => {
  const answers = new Set(told.filter((_, index) => isAnswer(spoken[index]!)))
  if (request.spoken.some((heard) => isAnswer(heard) && answers.has(heard.hash))) return true
  const next = request.spoken[best.length]
  return best.length > 0 && best.length === best.end && next !== undefined && isAnswer(next)
}

const isAnswer = ({ message: { role } }: Pick<PathTurn, 'message'>): boolean =>
  role === 'assistant' || role === 'tool'

/** What a request adds behind `path`, whose turns `matched` are the first spoken messages of the request. */
const newTurns = (
  path: readonly PathTurn[],
  request: Request,
  matched: readonly PathTurn[],
): readonly NewMessage[] => {
  const current = instructionsOf(path).current.map(hashOf)
  const isSame =
    request.top.length === current.length && request.top.every(({ hash }, index) => hash === current[index])
  const top = isSame ? [] : request.top
  const known = new Set(path.filter(({ turn }) => isInstruction(turn)).map(hashOf))
  const firstNew = request.spoken[matched.length]
  const split = firstNew ? request.rest.indexOf(firstNew) : request.rest.length
  /** Instructions right before the first new message, or behind the last old one, belong to what is new. */
  const lastOld = matched.length === 0 ? -1 : request.rest.indexOf(request.spoken[matched.length - 1]!)
  const unknown = request.rest
    .slice(0, lastOld + 1)
    .filter(({ message, hash }) => isInstruction(message) && !known.has(hash))
  const between = request.rest.slice(lastOld + 1, split)
  const isRetry = firstNew === undefined
  const rest = [
    ...unknown,
    // A repeated request brings its last instructions again.
    ...(isRetry ? between.filter(({ hash }) => !known.has(hash)) : between),
    ...request.rest.slice(split),
  ]
  const relink = relinkTo(request, matched)
  return [
    ...top.map(({ message }) => ({ message, pinned: true })),
    ...rest.map(({ message }) => ({ message: relink(message), pinned: false })),
  ]
}

/**
 * Results name their call by an id. Clients of Ollama have none, and the ids made for them change with the place of
 * a message in the request, so results are made to name the calls as the path has them.
 */
const relinkTo = (request: Request, matched: readonly PathTurn[]): ((message: Message) => Message) => {
  const stored = new Map(
    matched.flatMap((each, index) =>
      (request.spoken[index]?.message.toolCalls ?? []).map(
        ({ id }, at) => [id, each.message.toolCalls?.[at]?.id ?? id] as const,
      ),
    ),
  )
  return (message) => {
    const id = message.toolCallId === undefined ? undefined : stored.get(message.toolCallId)
    return id === undefined || id === message.toolCallId ? message : { ...message, toolCallId: id }
  }
}
