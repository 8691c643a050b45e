import type { Flow } from '../../../openapi/schema/view.ts'
import type { Effect, Fact } from '../fact.ts'
import { type Action, type Rule, show } from './rule.ts'
import type { Verdict } from '../severity.ts'

/**
 * Rules about value sets. Each is written once and becomes a row for requests, responses, parameters and headers:
 * the sender of a request must not be narrowed, the reader of a response must not be surprised.
 */
interface Target {
  readonly prefix: string
  readonly flow: Flow
  readonly fits: (fact: Fact) => boolean
}

const targets: readonly Target[] = [
  {
    prefix: 'request',
    flow: 'request',
    fits: ({ area, flow }) => flow === 'request' && area !== 'parameter',
  },
  {
    prefix: 'response',
    flow: 'response',
    fits: ({ area, flow }) => flow === 'response' && area !== 'header',
  },
  {
    prefix: 'parameter',
    flow: 'request',
    fits: ({ area, flow }) => flow === 'request' && area === 'parameter',
  },
  {
    prefix: 'response-header',
    flow: 'response',
    fits: ({ area, flow }) => flow === 'response' && area === 'header',
  },
]

interface Row {
  /** The id after the prefix. */
  readonly name: string
  readonly fact: string
  readonly request: Verdict
  readonly response: Verdict
  readonly action: Action
  readonly when?: NonNullable<Rule['when']>
  readonly policy?: {
    readonly request?: NonNullable<Rule['policy']>
    readonly response?: NonNullable<Rule['policy']>
  }
  readonly message: (fact: Fact) => string
  readonly explanation: string
}

export const forAll = (row: Row): readonly Rule[] =>
  targets.map(({ prefix, flow, fits }) => {
    const { when } = row
    const policy = row.policy?.[flow]
    return {
      id: `${prefix}-${row.name}`,
      severity: row[flow],
      direction: flow,
      area: 'schema',
      action: row.action,
      fact: row.fact,
      when: (fact, context) => fits(fact) && (when?.(fact, context) ?? true),
      ...(policy && { policy }),
      message: row.message,
      explanation: row.explanation,
    }
  })

export const narrowing = { request: 'breaking', response: 'safe' } as const
export const widening = { request: 'safe', response: 'breaking' } as const
export const surprising = { request: 'breaking', response: 'breaking' } as const
export const noting = { request: 'safe', response: 'safe' } as const

export const narrowed =
  'Values that were valid are no longer. Senders of requests break; readers of responses see less than before, which is safe.'
export const widened =
  'Values are valid that were not. Senders of requests may go on as before; readers of responses may meet what they cannot read.'

export const change = ({ before, after }: Fact): string =>
  `from ${show(before ?? null)} to ${show(after ?? null)}`

/** One fact whose effect decides: four rows. */
export const byEffect = (fact: string, name: string, words: string): readonly Rule[] => {
  const effects: readonly (readonly [Effect, { request: Verdict; response: Verdict }, Action, string])[] = [
    ['narrowed', narrowing, 'narrow', narrowed],
    ['widened', widening, 'widen', widened],
    ['changed', surprising, 'change', `${narrowed} ${widened}`],
    [
      'unknown',
      { request: 'risky', response: 'risky' },
      'change',
      'It changed, and neither direction could be proven.',
    ],
  ]
  return effects.flatMap(([effect, verdicts, action, explanation]) =>
    forAll({
      name: `${name}-${effect === 'unknown' ? 'changed-unproven' : effect}`,
      fact,
      ...verdicts,
      action,
      when: (found) => found.effect === effect,
      message: (found) => {
        const detail = found.before === undefined && found.after === undefined ? '' : ` ${change(found)}`
        return `${words} of ${found.subject} ${effect === 'narrowed' ? 'became narrower' : effect === 'widened' ? 'became wider' : 'changed'}${detail}`
      },
      explanation,
    }),
  )
}
