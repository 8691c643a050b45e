import type { Operation } from '../api/operation.ts'
import type { Call, Identity } from '../call.ts'
import type { Case } from './cases.ts'

const wrong: readonly (readonly [Identity, string])[] = [
  ['none', 'no credentials'],
  ['garbage', 'credentials that nobody has'],
  ['expired', 'credentials that are over'],
  ['wrong-scheme', 'credentials of another scheme'],
]

/** The same request as somebody who may not: for operations that must be asked by somebody. */
export const authCases = (operation: Operation, base: Call): readonly Case[] => {
  if (operation.security.length === 0 || operation.isAuthOptional) return []
  return wrong.map(([identity, what]) => ({
    intent: {
      phase: 'coverage',
      expect: 'invalid',
      what,
      subject: { in: 'header', name: 'authorization', pointer: '', keyword: 'auth' },
    },
    call: { ...base, identity },
  }))
}
