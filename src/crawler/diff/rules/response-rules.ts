import type { Fact } from '../fact.ts'
import type { Rule } from './rule.ts'

const is = (name: string) => (fact: Fact) => fact.data[name] === true

const response = { direction: 'response', area: 'response' } as const
const header = { direction: 'response', area: 'header' } as const

/** Rules about statuses. */
export const responseRules: readonly Rule[] = [
  {
    ...response,
    id: 'response-success-status-removed',
    severity: 'breaking',
    action: 'remove',
    fact: 'status-removed',
    when: is('success'),
    message: (fact) => `${fact.subject} was removed`,
    explanation: 'Clients count on it as the sign of success.',
  },
  {
    ...response,
    id: 'response-status-removed',
    severity: 'safe',
    action: 'remove',
    fact: 'status-removed',
    message: (fact) => `${fact.subject} was removed`,
    explanation: 'One answer fewer to be prepared for.',
  },
  {
    ...response,
    id: 'response-success-status-generalized',
    severity: 'risky',
    action: 'widen',
    fact: 'status-generalized',
    message: (fact) => `${fact.subject} became a range of statuses`,
    explanation: 'Other statuses of the class may come now.',
  },
  {
    ...response,
    id: 'response-status-specialized',
    severity: 'safe',
    action: 'narrow',
    fact: 'status-specialized',
    message: (fact) => `${fact.subject} is named now, where a range of statuses was`,
    explanation: 'Clients that take the range take its member.',
  },
  {
    ...response,
    id: 'response-success-status-added',
    severity: 'safe',
    action: 'add',
    fact: 'status-added',
    when: is('success'),
    message: (fact) => `${fact.subject} was added`,
    explanation:
      'Another sign of success. Clients that know only the others should treat all of the class alike.',
  },
  {
    ...response,
    id: 'response-status-added',
    severity: 'safe',
    action: 'add',
    fact: 'status-added',
    message: (fact) => `${fact.subject} was added`,
    explanation: 'An error that could always have come is described now.',
  },
]

/** Rules about response headers. */
export const headerRules: readonly Rule[] = [
  {
    ...header,
    id: 'required-response-header-removed',
    severity: 'breaking',
    action: 'remove',
    fact: 'header-removed',
    when: is('required'),
    message: (fact) => `${fact.subject}, which was always sent, was removed`,
    explanation: 'Clients count on it.',
  },
  {
    ...header,
    id: 'optional-response-header-removed',
    severity: 'risky',
    action: 'remove',
    fact: 'header-removed',
    message: (fact) => `${fact.subject} was removed`,
    explanation: 'It was not promised, yet clients may have come to use it.',
  },
  {
    ...header,
    id: 'response-header-added',
    severity: 'safe',
    action: 'add',
    fact: 'header-added',
    message: (fact) => `${fact.subject} was added`,
    explanation: 'Clients may ignore it.',
  },
  {
    ...header,
    id: 'response-header-became-optional',
    severity: 'breaking',
    action: 'widen',
    fact: 'header-became-optional',
    message: (fact) => `${fact.subject} may be missing now`,
    explanation: 'Clients count on it.',
  },
  {
    ...header,
    id: 'response-header-became-required',
    severity: 'safe',
    action: 'narrow',
    fact: 'header-became-required',
    message: (fact) => `${fact.subject} is always sent now`,
    explanation: 'Clients may count on it.',
  },
]
