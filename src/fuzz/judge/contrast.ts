import type { Scenario } from '../call.ts'
import type { Exchange } from '../exchange.ts'
import { isSuccess, type Session, statusOf } from '../session.ts'
import type { Suspicion } from './suspicion.ts'

/** Refusals that speak of the data itself. Others speak of who asks, what is there, or how often. */
export const dataRefusals = new Set([400, 413, 415, 422])

/**
 * Valid data refused, beside a call that differs from it in one value only and was taken: what nobody could say of the
 * data as a whole can be said of this value.
 */
export const judgeContrast = (
  _: Session,
  scenario: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const control = scenario.steps.findIndex(({ role }) => role === 'control')
  const at = scenario.steps.findIndex(({ role }) => role === 'case')
  const step = scenario.steps[at]
  const subject = step?.intent.subject
  const status = statusOf(exchanges[at])
  if (!step || !subject || !isSuccess(exchanges[control]) || !dataRefusals.has(status)) return []
  return [
    {
      check: 'positive_data_acceptance',
      operation: step.call.operation,
      step: at,
      message: `Answered ${status} to valid data: ${step.intent.what} in ${[subject.in, subject.name, subject.pointer].filter((part) => part !== '').join(' ')}; the same request with another valid value is taken.`,
      traits: `${subject.in} ${subject.name} ${subject.pointer.split('/')[1] ?? ''}`,
    },
  ]
}
