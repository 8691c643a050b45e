import { isInstruction } from './path.ts'
import { type Ranking, recency, type RelevanceMode } from './relevance.ts'
import { isQuestion, recentUnits, type Unit } from './units.ts'

export interface Candidate extends Unit {
  readonly tokens: number
  /** A summary stands for it: it is never chosen. */
  readonly summarised: boolean
}

export interface SelectionInput {
  readonly units: readonly Candidate[]
  /** For all units that are chosen. */
  readonly roomTokens: number
  /** Whether a message of a user stands before all units. */
  readonly opensWithUser: boolean
  /** What has to do with the question that is the unit at that place. */
  readonly rank: (question: number) => Ranking
}

/** By what units were chosen: `whole` when nothing had to go, `recent` when there was nothing to search by. */
export type SelectionMode = 'whole' | 'recent' | RelevanceMode

export interface Selection {
  /** Places of the chosen units. */
  readonly kept: ReadonlySet<number>
  readonly keptTokens: number
  /** Left out because no question stands before them. */
  readonly outOfOrder: ReadonlySet<number>
  readonly mode: SelectionMode
  /** Set where the room is too small for what must be chosen. */
  readonly neededTokens?: number
}

/** Where a cut happens, and to where, as shares of the room that pinned units leave. */
const cutFrom = 0.9
const cutTo = 0.6
/** Of that room, what may be given to old units that the newest question asks for. */
const recallShare = 0.6
/** Questions before the newest whose finds stay, so that a talk about something old does not lose it at once. */
const rememberedQuestions = 6

/**
 * Chooses units under a budget.
 *
 * The conversation is read as growing by steps of 30 % of the room. At the end of each step stands a cut, at which the
 * room is filled to 60 % by recency and by relevance to the question of then; what comes after is appended. So the
 * choice stays the same from one cut to the next, but for units that the newest question asks for by rare words.
 */
export const select = (input: SelectionInput): Selection => {
  const { units } = input
  const must = mandatory(input)
  const basket = createBasket(input)
  for (const at of must) basket.put(at)
  if (basket.leftTokens() < 0) return nothing(input.roomTokens - basket.leftTokens())
  const pinnedTokens = units.reduce((sum, unit) => sum + (unit.pinned ? unit.tokens : 0), 0)
  const room = input.roomTokens - pinnedTokens
  const cut = lastCut(units, room)
  if (cut === undefined) {
    for (const at of units.keys()) basket.add(at)
    return { kept: basket.kept, keptTokens: basket.keptTokens(), outOfOrder: new Set(), mode: 'whole' }
  }
  const newest = questionBefore(units, units.length)
  const ranking = newest === undefined ? undefined : input.rank(newest)
  for (const at of lastOf(units.length, recentUnits)) basket.add(at)
  recall(basket, ranking, units, recallShare * room)
  // While there is room: what was asked for must not fall to the order of roles.
  addOpening(basket, input)
  for (let at = units.length - 1; at > cut; at -= 1) basket.add(at)
  for (const at of chosenAt(cut, input, room)) basket.add(at)
  for (const at of questionsAfter(cut, units)
    .slice(-1 - rememberedQuestions, -1)
    .toReversed())
    recall(basket, input.rank(at), units, recallShare * room)
  const outOfOrder = input.opensWithUser ? new Set<number>() : beginWithUser(basket, units, must)
  const isWhole = units.every(({ summarised }, at) => summarised || basket.kept.has(at))
  const mode = isWhole ? 'whole' : (ranking?.mode ?? 'recent')
  return { kept: basket.kept, keptTokens: basket.keptTokens(), outOfOrder, mode }
}

const nothing = (neededTokens: number): Selection => ({
  kept: new Set(),
  keptTokens: 0,
  outOfOrder: new Set(),
  mode: 'whole',
  neededTokens,
})

// ---- what must be there ----

/**
 * Pinned units, the newest question, and the newest unit, which may be the results that the model waits for. Where
 * the first of them is no question, the one before it too: models want conversations to begin with a user.
 */
const mandatory = ({ units, opensWithUser }: SelectionInput): readonly number[] => {
  const must = new Set<number>()
  for (const [at, unit] of units.entries()) if (unit.pinned) must.add(at)
  const newest = questionBefore(units, units.length)
  if (newest !== undefined) must.add(newest)
  if (units.length > 0) must.add(units.length - 1)
  const opening = opensWithUser ? undefined : openingOf(units, must)
  if (opening !== undefined) must.add(opening)
  return [...must].filter((at) => !units[at]!.summarised)
}

/** The place of the last question before `end`; undefined where there is none. */
const questionBefore = (units: readonly Candidate[], end: number): number | undefined => {
  for (let at = end - 1; at >= 0; at -= 1) if (isQuestion(units[at]!) && !units[at]!.summarised) return at
  return undefined
}

// ---- what there is room for ----

interface Basket {
  readonly kept: ReadonlySet<number>
  /** Puts a unit in whether there is room or not. */
  put(at: number): void
  /** Puts it in where there is room; true when it is in. */
  add(at: number): boolean
  remove(at: number): void
  leftTokens(): number
  keptTokens(): number
}

const createBasket = ({ units, roomTokens }: SelectionInput): Basket => {
  const kept = new Set<number>()
  let tokens = 0
  const put = (at: number): void => {
    if (kept.has(at)) return
    kept.add(at)
    tokens += units[at]!.tokens
  }
  return {
    kept,
    put,
    add(at) {
      if (kept.has(at)) return true
      if (units[at]!.summarised || tokens + units[at]!.tokens > roomTokens) return false
      put(at)
      return true
    },
    remove(at) {
      if (kept.delete(at)) tokens -= units[at]!.tokens
    },
    leftTokens: () => roomTokens - tokens,
    keptTokens: () => tokens,
  }
}

/** Adds what a question asks for, best first, up to `maxTokens`. */
const recall = (
  basket: Basket,
  ranking: Ranking | undefined,
  units: readonly Candidate[],
  maxTokens: number,
): void => {
  let left = maxTokens
  for (const { unit, related } of ranking?.ranked ?? []) {
    if (!related || basket.kept.has(unit) || units[unit]!.tokens > left) continue
    if (basket.add(unit)) left -= units[unit]!.tokens
  }
}

// ---- cuts ----

const isFree = ({ pinned, summarised }: Candidate): boolean => !pinned && !summarised

/** The unit at which the last cut was made; undefined where all still fits. */
const lastCut = (units: readonly Candidate[], room: number): number | undefined => {
  const total = units.reduce((sum, unit) => sum + (isFree(unit) ? unit.tokens : 0), 0)
  const high = cutFrom * room
  if (total <= high) return undefined
  const step = (cutFrom - cutTo) * room
  const bound = step > 0 ? high + (Math.ceil((total - high) / step) - 1) * step : 0
  let sum = 0
  return units.findIndex((unit) => (sum += isFree(unit) ? unit.tokens : 0) > bound)
}

/**
 * The units that were chosen at a cut, those first that matter most. What was recent then is among them as far as
 * there is room at all, or it would be gone as soon as it is recent no longer; the others leave the room to grow.
 */
const chosenAt = (cut: number, input: SelectionInput, room: number): readonly number[] => {
  const { units, rank } = input
  const chosen = new Set<number>()
  let tokens = 0
  const choose = (at: number, maxTokens: number): void => {
    const unit = units[at]!
    if (chosen.has(at) || !isFree(unit) || tokens + unit.tokens > maxTokens) return
    chosen.add(at)
    tokens += unit.tokens
  }
  const question = questionBefore(units, cut + 1)
  for (const at of lastOf(cut + 1, recentUnits)) choose(at, room)
  if (question !== undefined) choose(question, room)
  const low = cutTo * room
  // What has nothing of the question counts by recency alone, and is met in that order.
  let plain = cut
  for (const { unit, score } of question === undefined ? [] : rank(question).ranked) {
    for (; plain >= 0 && recency(plain, cut) > score; plain -= 1) choose(plain, low)
    choose(unit, low)
  }
  for (; plain >= 0 && tokens < low; plain -= 1) choose(plain, low)
  return [...chosen]
}

const questionsAfter = (cut: number, units: readonly Candidate[]): readonly number[] =>
  Array.from({ length: units.length - 1 - cut }, (_, at) => cut + 1 + at).filter((at) =>
    isQuestion(units[at]!),
  )

/** The last `count` numbers below `end`, from the highest down. */
const lastOf = (end: number, count: number): readonly number[] =>
  Array.from({ length: Math.min(end, count) }, (_, at) => end - 1 - at)

// ---- order ----

/** The question before the first of some units, where that is none itself. */
const openingOf = (units: readonly Candidate[], chosen: ReadonlySet<number>): number | undefined => {
  const first = units.findIndex((_, at) => chosen.has(at))
  return first === -1 || isQuestion(units[first]!) ? undefined : questionBefore(units, first)
}

const addOpening = (basket: Basket, { units, opensWithUser }: SelectionInput): void => {
  const opening = opensWithUser ? undefined : openingOf(units, basket.kept)
  if (opening !== undefined) basket.add(opening)
}

/** Brings in the question before the first unit, or leaves the unit out where there is none or no room for it. */
const beginWithUser = (
  basket: Basket,
  units: readonly Candidate[],
  must: readonly number[],
): ReadonlySet<number> => {
  const outOfOrder = new Set<number>()
  for (const at of [...basket.kept].sort((left, right) => left - right)) {
    if (isInstruction(units[at]!.turns[0]!.message)) continue
    if (isQuestion(units[at]!) || must.includes(at)) break
    const before = questionBefore(units, at)
    if (before !== undefined && basket.add(before)) break
    basket.remove(at)
    outOfOrder.add(at)
  }
  return outOfOrder
}
