import type { ToolCall } from '../../core/inference.ts'
import type { PathTurn } from './path.ts'

/** What is kept or left out as one: a message, or an answer that calls tools with the results of its calls. */
export interface Unit {
  readonly turns: readonly PathTurn[]
  /** One pinned turn pins the whole. */
  readonly pinned: boolean
}

/** Units from the end that a view keeps before it looks for relevant ones, and that a summary leaves out. */
export const recentUnits = 4

/**
 * Turns, in the order of their path, as units. `unpaired` are results without a call before them, and calls that
 * were never answered though the conversation went on: no backend takes them. Calls at the very end still may be.
 */
export const unitsOf = (
  turns: readonly PathTurn[],
): { readonly units: readonly Unit[]; readonly unpaired: readonly PathTurn[] } => {
  const units: Unit[] = []
  const unpaired: PathTurn[] = []
  for (let at = 0; at < turns.length;) {
    const first = turns[at]!
    at += 1
    const { role, toolCalls = [] } = first.message
    if (role === 'tool') {
      unpaired.push(first)
      continue
    }
    const pair = [first]
    const open = [...toolCalls]
    while (toolCalls.length > 0 && turns[at]?.message.role === 'tool') {
      const result = turns[at]!
      at += 1
      if (answer(open, result.message.toolCallId)) pair.push(result)
      else unpaired.push(result)
    }
    if (open.length > 0 && at < turns.length) unpaired.push(...pair)
    else units.push({ turns: pair, pinned: pair.some(({ turn }) => turn.pinned) })
  }
  return { units, unpaired }
}

export const isQuestion = ({ turns }: Unit): boolean => turns[0]!.message.role === 'user'

/**
 * Places of the units that a summary written behind `units` stands for: all but the recent ones, the question that
 * is being worked on, and what is pinned.
 */
export const coveredBy = (units: readonly Unit[]): readonly number[] => {
  const question = units.findLastIndex(isQuestion)
  return units
    .slice(0, Math.max(0, units.length - recentUnits))
    .flatMap(({ pinned }, at) => (pinned || at === question ? [] : [at]))
}

/** Takes the call that a result is of out of `open`: the one it names, or the first where it names none. */
const answer = (open: ToolCall[], id: string | undefined): boolean => {
  const at = id === undefined ? 0 : open.findIndex((call) => call.id === id)
  return at >= 0 && open.splice(at, 1).length > 0
}
