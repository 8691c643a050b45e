import { type Automaton, automatonOf } from './automaton.ts'
import type { Range } from './expression.ts'

/** Texts that all of some expressions take: questions about them are answered by walking their automata together. */

/** Combinations of states looked at for one question, and characters of the texts made up. */
const combinationsMax = 3000
const costMax = 1_500_000
const lengthMax = 300

type States = readonly number[]

/** A place in the walk: what each automaton may be in, and the text that leads there. */
interface Place {
  readonly sets: readonly States[]
  readonly text: string
  readonly length: number
}

export interface Lengths {
  readonly min: number
  readonly max: number
}

export type Answer =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unknown' }

const answers = new Map<string, Answer>()
const answersMax = 5000

/**
 * The shortest text that all of `inside` take and one of `outside` does not. `none`: it is proven that there is none.
 * Lengths are in characters. With no `outside`, any text of all of `inside`.
 */
export const textOutside = (
  inside: readonly string[],
  outside: string | undefined,
  lengths: Lengths = { min: 0, max: Infinity },
): Answer => {
  const key = JSON.stringify([inside, outside, lengths.min, String(lengths.max)])
  const known = answers.get(key)
  if (known) return known
  if (answers.size >= answersMax) answers.clear()
  const answer = find(inside, outside, lengths)
  answers.set(key, answer)
  return answer
}

const find = (inside: readonly string[], outside: string | undefined, lengths: Lengths): Answer => {
  const machines = [...inside, ...(outside === undefined ? [] : [outside])].map(automatonOf)
  if (machines.length === 0 || machines.some((each) => each === undefined)) return { kind: 'unknown' }
  const walk = createWalk(machines as readonly Automaton[])
  const isIn = (place: Place): boolean =>
    inside.every((_, at) => walk.accepts(place, at)) &&
    (outside === undefined || !walk.accepts(place, inside.length))
  // Places that differ in length only are apart as long as the bounds can tell.
  const counted = lengths.max < lengthMax ? lengths.max + 1 : Math.min(lengths.min, lengthMax)
  const seen = new Set<string>()
  let waiting: readonly Place[] = [walk.first]
  while (waiting.length > 0) {
    const next: Place[] = []
    for (const place of waiting) {
      const key = `${Math.min(place.length, counted)} ${place.sets.join('|')}`
      if (seen.has(key)) continue
      seen.add(key)
      if (seen.size > combinationsMax || walk.isSpent()) return { kind: 'unknown' }
      if (place.length >= lengths.min && place.length <= lengths.max && isIn(place))
        return { kind: 'text', text: place.text }
      if (place.length < lengths.max) next.push(...walk.next(place, inside.length))
    }
    waiting = next
  }
  return { kind: 'none' }
}

/** All texts that all of the expressions take, or undefined where they are more than `max` or not known. */
export const textsOf = (inside: readonly string[], max: number): readonly string[] | undefined => {
  const machines = inside.map(automatonOf)
  if (machines.length === 0 || machines.some((each) => each === undefined)) return undefined
  const walk = createWalk(machines as readonly Automaton[])
  const found: string[] = []
  let waiting: readonly Place[] = [walk.first]
  for (let length = 0; waiting.length > 0; length++) {
    if (length > lengthMax || waiting.length > max || walk.isSpent()) return undefined
    const next: Place[] = []
    for (const place of waiting) {
      if (inside.every((_, at) => walk.accepts(place, at))) found.push(place.text)
      const each = walk.every(place, max)
      if (!each || found.length > max) return undefined
      next.push(...each)
    }
    waiting = next
  }
  return found
}

interface Walk {
  readonly first: Place
  accepts(place: Place, machine: number): boolean
  /** One place for each kind of character that the machines tell apart; none where one of the first `needed` is stuck. */
  next(place: Place, needed: number): readonly Place[]
  /** One place for each character; undefined where they are more than `max`. */
  every(place: Place, max: number): readonly Place[] | undefined
  isSpent(): boolean
}

const createWalk = (machines: readonly Automaton[]): Walk => {
  let cost = 0
  const closed = (machine: Automaton, states: Iterable<number>, isStart: boolean, isEnd: boolean): States => {
    const found = new Set(states)
    for (const state of found) {
      cost++
      for (const to of machine.free[state] ?? []) found.add(to)
      if (isStart) for (const to of machine.atStart[state] ?? []) found.add(to)
      if (isEnd) for (const to of machine.atEnd[state] ?? []) found.add(to)
    }
    return [...found].toSorted((a, b) => a - b)
  }
  const stepped = (machine: Automaton, states: States, code: number): States => {
    const to = new Set<number>()
    for (const state of states)
      for (const step of machine.steps[state] ?? []) {
        cost++
        if (machine.useful.has(step.to) && step.ranges.some(([low, high]) => code >= low && code <= high))
          to.add(step.to)
      }
    return closed(machine, to, false, false)
  }
  const move = (place: Place, code: number): Place => ({
    sets: machines.map((machine, at) => stepped(machine, place.sets[at] ?? [], code)),
    text: place.text + String.fromCodePoint(code),
    length: place.length + 1,
  })
  const isAlive = (place: Place, needed: number): boolean =>
    place.sets.slice(0, needed).every((states) => states.length > 0)
  return {
    first: {
      sets: machines.map((machine) => closed(machine, [machine.start], true, false)),
      text: '',
      length: 0,
    },
    accepts: ({ sets, length }, at) => {
      const machine = machines[at]
      return (
        machine !== undefined && closed(machine, sets[at] ?? [], length === 0, true).includes(machine.final)
      )
    },
    next: (place, needed) =>
      intervalsOf(machines, place)
        .map((interval) => move(place, readable(interval)))
        .filter((each) => isAlive(each, needed)),
    every: (place, max) => {
      const found: Place[] = []
      for (const interval of intervalsOf(machines, place)) {
        const [low, high] = interval
        if (!isAlive(move(place, low), machines.length)) continue
        if (high - low >= max) return undefined
        for (let code = low; code <= high; code++) found.push(move(place, code))
      }
      return found
    },
    isSpent: () => cost > costMax,
  }
}

/** The characters that lead on from a place, cut so that all of an interval lead to the same. */
const intervalsOf = (machines: readonly Automaton[], { sets }: Place): readonly Range[] => {
  const ranges = machines.flatMap(({ steps }, at) =>
    (sets[at] ?? []).flatMap((state) => (steps[state] ?? []).flatMap((step) => step.ranges)),
  )
  const cuts = [...new Set(ranges.flatMap(([low, high]) => [low, high + 1]))].toSorted((a, b) => a - b)
  return cuts.flatMap((low, at): Range[] => {
    const high = (cuts[at + 1] ?? low) - 1
    // The halves of surrogate pairs are between the ranges of all characters.
    return high < low || (low >= 0xd8_00 && high <= 0xdf_ff) ? [] : [[low, high]]
  })
}

const preferred = Array.from('a0A_- .xz9/', (character) => character.codePointAt(0) ?? 0)

/** A character of an interval that people can read. */
const readable = ([low, high]: Range): number =>
  preferred.find((code) => code >= low && code <= high) ??
  (low < 33 && high > 33 ? 33 : low < 0xa1 && high > 0xa1 && low > 126 ? 0xa1 : low)
