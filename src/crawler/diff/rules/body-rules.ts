import type { Fact } from '../fact.ts'
import { type Rule, show } from './rule.ts'

const is = (name: string) => (fact: Fact) => fact.data[name] === true
const isSent = (fact: Fact): boolean => fact.flow === 'request'

const body = { direction: 'request', area: 'request-body' } as const

/** Rules about request bodies as a whole. */
export const bodyRules: readonly Rule[] = [
  {
    ...body,
    id: 'request-body-added-required',
    severity: 'breaking',
    action: 'add',
    fact: 'body-added',
    when: (fact) => isSent(fact) && is('required')(fact),
    message: (fact) => `a ${fact.subject} was added and is required`,
    explanation: 'Requests without one are refused.',
  },
  {
    ...body,
    id: 'request-body-added-optional',
    severity: 'safe',
    action: 'add',
    fact: 'body-added',
    message: (fact) => `a ${fact.subject} was added`,
    explanation: 'Requests without one go on as before.',
  },
  {
    ...body,
    id: 'request-body-removed',
    severity: 'breaking',
    action: 'remove',
    fact: 'body-removed',
    message: (fact) => `the ${fact.subject} was removed`,
    explanation: 'What clients send is no longer read, or refused.',
  },
  {
    ...body,
    id: 'webhook-payload-became-optional',
    direction: 'response',
    severity: 'breaking',
    action: 'widen',
    fact: 'body-became-optional',
    when: (fact) => !isSent(fact),
    message: (fact) => `the ${fact.subject} may be missing now`,
    explanation: 'Receivers count on it.',
  },
  {
    ...body,
    id: 'webhook-payload-became-required',
    direction: 'response',
    severity: 'safe',
    action: 'narrow',
    fact: 'body-became-required',
    when: (fact) => !isSent(fact),
    message: (fact) => `the ${fact.subject} is always sent now`,
    explanation: 'Receivers may count on it.',
  },
  {
    ...body,
    id: 'request-body-became-required',
    severity: 'breaking',
    action: 'narrow',
    fact: 'body-became-required',
    message: (fact) => `the ${fact.subject} became required`,
    explanation: 'Requests without one are refused.',
  },
  {
    ...body,
    id: 'request-body-became-optional',
    severity: 'safe',
    action: 'widen',
    fact: 'body-became-optional',
    message: (fact) => `the ${fact.subject} became optional`,
    explanation: 'Requests that send one go on as before.',
  },
]

/** Rules about what bodies are written as. */
export const mediaRules: readonly Rule[] = (['request', 'response'] as const).flatMap(
  (direction): readonly Rule[] => {
    const shared = { direction, area: direction === 'request' ? 'request-body' : 'response' } as const
    const mine = (fact: Fact): boolean => fact.flow === direction
    return [
      {
        ...shared,
        id: `${direction}-media-type-removed`,
        severity: 'breaking',
        action: 'remove',
        fact: 'media-type-removed',
        when: mine,
        message: (fact) => `the ${fact.subject} is no longer written as ${show(fact.before)}`,
        explanation: 'Those who write or read only this media type are left without.',
      },
      {
        ...shared,
        id: `${direction}-media-type-added`,
        severity: 'safe',
        action: 'add',
        fact: 'media-type-added',
        when: mine,
        message: (fact) => `the ${fact.subject} may be written as ${show(fact.after)} now`,
        explanation: 'It is one more choice.',
      },
      {
        ...shared,
        id: `${direction}-media-type-parameter-changed`,
        severity: 'safe',
        action: 'change',
        fact: 'media-type-changed',
        when: (fact) => mine(fact) && is('parameter')(fact),
        message: (fact) =>
          `the media type of the ${fact.subject} is ${show(fact.after)}, it was ${show(fact.before)}`,
        explanation: 'Parameters such as charset say what JSON and its kin say anyway.',
      },
      {
        ...shared,
        id: `${direction}-media-type-widened`,
        severity: direction === 'request' ? 'safe' : 'breaking',
        action: 'widen',
        fact: 'media-type-changed',
        when: (fact) => mine(fact) && fact.effect === 'widened',
        message: (fact) =>
          `the media type of the ${fact.subject} widened from ${show(fact.before)} to ${show(fact.after)}`,
        explanation: 'More may be written than before: safe for those who write, not for those who read.',
      },
      {
        ...shared,
        id: `${direction}-media-type-narrowed`,
        severity: direction === 'request' ? 'breaking' : 'safe',
        action: 'narrow',
        fact: 'media-type-changed',
        when: mine,
        message: (fact) =>
          `the media type of the ${fact.subject} narrowed from ${show(fact.before)} to ${show(fact.after)}`,
        explanation: 'Less may be written than before: safe for those who read, not for those who write.',
      },
      {
        ...shared,
        id: `${direction}-media-schema-added`,
        severity: direction === 'request' ? 'breaking' : 'safe',
        action: 'narrow',
        fact: 'media-schema-added',
        when: mine,
        message: (fact) => `the ${fact.subject} has a schema now (${show(fact.data['media'])})`,
        explanation: 'Anything was allowed, and no longer is.',
      },
      {
        ...shared,
        id: `${direction}-media-schema-removed`,
        severity: direction === 'request' ? 'safe' : 'risky',
        action: 'widen',
        fact: 'media-schema-removed',
        when: mine,
        message: (fact) => `the ${fact.subject} has lost its schema (${show(fact.data['media'])})`,
        explanation: 'Anything is allowed. Whether it looks other than before, the document does not say.',
      },
      {
        ...shared,
        id: `${direction}-encoding-changed`,
        severity: 'breaking',
        action: 'change',
        fact: 'encoding-changed',
        when: mine,
        message: (fact) =>
          `${show(fact.data['member'])} of ${fact.subject} is ${show(fact.after ?? null)}, it was ${show(fact.before ?? null)}`,
        explanation: 'The part is written differently, and the other side misreads it.',
      },
    ]
  },
)
