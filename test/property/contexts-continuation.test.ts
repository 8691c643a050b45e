import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Message } from '../../src/core/inference.ts'
import { type Continuation, continuationOf } from '../../src/daemon/contexts/continuation.ts'
import { matchHash } from '../../src/daemon/contexts/match-hash.ts'
import { isInstruction, type PathTurn } from '../../src/daemon/contexts/path.ts'
import { pathOf } from '../unit/daemon/contexts/a-path.ts'

/** Few different messages, so that they repeat and overlap in every way. */
const message: fc.Arbitrary<Message> = fc.record({
  role: fc.constantFrom('user', 'assistant', 'user', 'assistant', 'system'),
  content: fc.constantFrom('x', 'y'),
})
const messages = fc.array(message, { maxLength: 8 })
const path = fc
  .array(fc.tuple(message, fc.constantFrom('complete', 'complete', 'complete', 'aborted')), { maxLength: 10 })
  .map((said) => pathOf(...said.map(([said, state]) => ({ said, turn: { state } }))))

const spoken = (list: readonly Message[]): string[] =>
  list.filter((each) => !isInstruction(each)).map((each) => matchHash(each))

/** What is on the path, without turns cut short, when the outcome is done. */
const after = (path: readonly PathTurn[], continuation: Continuation): Message[] => {
  const end =
    continuation.outcome === 'continues'
      ? path.length
      : path.findIndex(({ turn }) => turn.id === continuation.base) + 1
  return [...path.slice(0, end).filter(({ turn }) => turn.state === 'complete'), ...continuation.turns].map(
    ({ message }) => message,
  )
}

it('ends the path with what the request says, whatever is done', () => {
  fc.assert(
    fc.property(path, messages, (path, request) => {
      const said = spoken(request)
      const result = spoken(after(path, continuationOf(path, request)))
      expect(result.slice(result.length - said.length)).toEqual(said)
    }),
  )
})

it('loses no instruction of the request', () => {
  fc.assert(
    fc.property(path, messages, (path, request) => {
      const result = new Set(after(path, continuationOf(path, request)).map((each) => matchHash(each)))
      for (const each of request.filter(isInstruction)) expect(result).toContain(matchHash(each))
    }),
  )
})

it('adds what is new and nothing else to a history that is sent again', () => {
  fc.assert(
    fc.property(path, fc.array(message, { maxLength: 3 }), fc.nat(), (path, added, from) => {
      const told = path
        .filter(({ turn }) => turn.state === 'complete' && !isInstruction(turn))
        .map(({ message }) => message)
      const window = told.slice(told.length === 0 ? 0 : from % told.length)
      const fresh = added.filter((each) => !isInstruction(each))
      const continuation = continuationOf(path, [...window, ...fresh])
      // A longer overlap than the one meant is as good: then less is new.
      expect(continuation.outcome === 'continues' || !window.some(({ role }) => role === 'assistant')).toBe(
        true,
      )
      if (continuation.outcome === 'continues')
        expect(continuation.turns.length).toBeLessThanOrEqual(
          told.length === 0 || window.some(({ role }) => role === 'assistant')
            ? fresh.length
            : window.length + fresh.length,
        )
    }),
  )
})

it('says the same for the same', () => {
  fc.assert(
    fc.property(path, messages, (path, request) => {
      expect(continuationOf(path, request)).toEqual(continuationOf(structuredClone(path), request))
    }),
  )
})
