import type { Turn } from '../../core/context.ts'
import type { Message } from '../../core/inference.ts'

/** A turn of a path with its body read: what decisions about a conversation are made of. */
export interface PathTurn {
  readonly turn: Turn
  readonly message: Message
  /** `matchHash(message)`, where the caller has kept it; it is computed where absent. */
  readonly matchHash?: string
}

/** Instructions of the application, under either of their names. */
export const isInstruction = ({ role }: Pick<Message, 'role'>): boolean =>
  role === 'system' || role === 'developer'

/**
 * A summary is the one message of a user that a model wrote, and is pinned. It stands for what came before it, but
 * for the units that were recent when it was written.
 */
export const isSummary = ({ role, origin, pinned }: Turn): boolean =>
  pinned && role === 'user' && origin !== undefined

/** Answers that are still being written or were cut short are no part of what was said. */
export const isComplete = ({ turn }: PathTurn): boolean => turn.state === 'complete'

export interface Instructions {
  /** What holds now: the last run of instructions that nothing interrupts. */
  readonly current: readonly PathTurn[]
  /** What a later run has replaced. */
  readonly superseded: readonly PathTurn[]
}

/**
 * The instructions of a path of complete turns: those that open it, and those pinned later on, which replace all
 * before them. Instructions in the middle without a pin are messages as any other.
 */
export const instructionsOf = (path: readonly PathTurn[]): Instructions => {
  const superseded: PathTurn[] = []
  let current: PathTurn[] = []
  let isOpening = true
  let isRun = true
  for (const each of path) {
    if (!isInstruction(each.turn)) {
      isOpening = false
      isRun = false
    } else if (isOpening || each.turn.pinned) {
      if (!isRun) {
        superseded.push(...current)
        current = []
      }
      current.push(each)
      isRun = true
    } else isRun = false
  }
  return { current, superseded }
}
