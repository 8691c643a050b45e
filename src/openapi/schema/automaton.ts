import { anyCharacter, type Expression, parseExpression, type Range } from './expression.ts'

/** A regular expression as a machine that finds it anywhere in a text, unless it is anchored. */
export interface Automaton {
  readonly steps: readonly (readonly Step[])[]
  readonly free: readonly (readonly number[])[]
  /** Moves that are free before the first character only, and after the last. */
  readonly atStart: readonly (readonly number[])[]
  readonly atEnd: readonly (readonly number[])[]
  readonly start: number
  readonly final: number
  /** States from which the end can still be reached once there is a character. */
  readonly useful: ReadonlySet<number>
}

export interface Step {
  readonly ranges: readonly Range[]
  readonly to: number
}

const statesMax = 1500

const known = new Map<string, Automaton | undefined>()
const knownMax = 2000

/** Undefined for what is no regular language (lookarounds, back references), and what is too large. */
export const automatonOf = (source: string): Automaton | undefined => {
  if (known.has(source)) return known.get(source)
  if (known.size >= knownMax) known.clear()
  const expression = parseExpression(source)
  const made = expression && build(expression)
  known.set(source, made)
  return made
}

class TooLarge extends Error {}

const build = (expression: Expression): Automaton | undefined => {
  const steps: Step[][] = []
  const [free, atStart, atEnd]: [number[][], number[][], number[][]] = [[], [], []]
  const state = (): number => {
    if (steps.length >= statesMax) throw new TooLarge()
    for (const each of [free, atStart, atEnd]) each.push([])
    return steps.push([]) - 1
  }
  const link = (moves: number[][], from: number, to: number): void => void moves[from]?.push(to)
  /** Adds the part after a state, and gives the state after the part. */
  const after = (from: number, part: Expression): number => {
    switch (part.kind) {
      case 'set': {
        const to = state()
        steps[from]?.push({ ranges: part.ranges, to })
        return to
      }
      case 'sequence': {
        let at = from
        for (const each of part.parts) at = after(at, each)
        return at
      }
      case 'choice': {
        const to = state()
        for (const each of part.parts) {
          const way = state()
          link(free, from, way)
          link(free, after(way, each), to)
        }
        return to
      }
      case 'repeat':
        return repeated(from, part)
      case 'start':
      case 'end': {
        const to = state()
        link(part.kind === 'start' ? atStart : atEnd, from, to)
        return to
      }
    }
  }
  const repeated = (from: number, { part, min, max }: Expression & { kind: 'repeat' }): number => {
    let at = from
    for (let count = 0; count < min; count++) at = after(at, part)
    const to = state()
    link(free, at, to)
    if (max === Infinity) {
      const turn = state()
      link(free, at, turn)
      const back = after(turn, part)
      link(free, back, turn)
      link(free, back, to)
      return to
    }
    for (let count = min; count < max; count++) {
      at = after(at, part)
      link(free, at, to)
    }
    return to
  }
  try {
    const start = state()
    steps[start]?.push({ ranges: anyCharacter, to: start })
    const final = after(start, expression)
    steps[final]?.push({ ranges: anyCharacter, to: final })
    return { steps, free, atStart, atEnd, start, final, useful: leadingTo(final, steps, free, atEnd) }
  } catch (error) {
    if (error instanceof TooLarge) return undefined
    throw error
  }
}

const leadingTo = (
  final: number,
  steps: readonly (readonly Step[])[],
  ...moves: readonly (readonly (readonly number[])[])[]
): ReadonlySet<number> => {
  const from = steps.map((): number[] => [])
  for (const [state, each] of steps.entries()) for (const { to } of each) from[to]?.push(state)
  for (const kind of moves)
    for (const [state, each] of kind.entries()) for (const to of each) from[to]?.push(state)
  const found = new Set([final])
  for (const state of found) for (const each of from[state] ?? []) found.add(each)
  return found
}
