import type { Operation } from '../api/operation.ts'
import type { Call } from '../call.ts'
import type { Session } from '../session.ts'
import type { Case } from './cases.ts'

export const randomCases = function* (_: Session, __: Operation, ___: Call): Generator<Case> {}
