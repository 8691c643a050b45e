import { asText } from '../../../openapi/json.ts'
import type { Fact } from '../fact.ts'
import { movesEarlier } from './property-rules.ts'
import { type Rule, show, sunsetOf } from './rule.ts'

const isDeprecated = (fact: Fact): boolean => fact.data['deprecated'] === true
const levels = ['draft', 'alpha', 'beta', 'stable']
const levelOf = (value: unknown): number =>
  value === null || value === undefined ? 3 : levels.indexOf(asText(value))

const shared = { direction: 'none', area: 'operation' } as const

/** Rules about operations as a whole: coming, going, and what is said of them. */
export const operationRules: readonly Rule[] = [
  {
    ...shared,
    id: 'operation-removed-before-sunset',
    severity: 'breaking',
    action: 'remove',
    fact: 'operation-removed',
    when: (fact, { now }) => isDeprecated(fact) && (sunsetOf(fact) ?? 0) > now,
    message: (fact) => `${fact.subject} was removed before its sunset date ${show(fact.data['sunset'])}`,
    explanation: 'It was announced to stay until that day. Whoever calls it gets an error.',
  },
  {
    ...shared,
    id: 'operation-removed-after-sunset',
    severity: 'safe',
    action: 'remove',
    fact: 'operation-removed',
    when: (fact) => isDeprecated(fact) && typeof sunsetOf(fact) === 'number',
    message: (fact) =>
      `${fact.subject} was removed, as its sunset date ${show(fact.data['sunset'])} had announced`,
    explanation: 'It was deprecated, and the day that was named has passed.',
  },
  {
    ...shared,
    id: 'operation-removed-with-invalid-sunset',
    severity: 'breaking',
    action: 'remove',
    fact: 'operation-removed',
    when: (fact) => isDeprecated(fact) && sunsetOf(fact) === undefined,
    message: (fact) => `${fact.subject} was removed; its sunset ${show(fact.data['sunset'])} is no date`,
    explanation: 'x-sunset holds a date of RFC 3339, such as 2027-01-31. Nobody could know the day.',
  },
  {
    ...shared,
    id: 'deprecated-operation-removed',
    severity: 'risky',
    action: 'remove',
    fact: 'operation-removed',
    when: isDeprecated,
    message: (fact) => `${fact.subject}, which was deprecated, was removed`,
    explanation: 'It was deprecated without a date. Whoever still calls it gets an error.',
  },
  {
    ...shared,
    id: 'operation-removed',
    severity: 'breaking',
    action: 'remove',
    fact: 'operation-removed',
    message: (fact) => `${fact.subject} was removed`,
    explanation: 'Whoever calls it gets an error. Deprecate it first, with a date in x-sunset.',
  },
  {
    ...shared,
    id: 'operation-added',
    severity: 'safe',
    action: 'add',
    fact: 'operation-added',
    message: (fact) => `${fact.subject} was added`,
    explanation: 'Nobody calls it yet.',
  },
  ...(['operation-id-added', 'operation-id-removed', 'operation-id-changed'] as const).map((fact): Rule => ({
    ...shared,
    id: fact,
    severity: 'safe',
    action: 'annotate',
    fact,
    ...(fact !== 'operation-id-added' && { policy: 'operationId' as const }),
    message: (found) =>
      `the operationId of ${found.subject} is ${show(found.after ?? null)}, it was ${show(found.before ?? null)}`,
    explanation: 'Nothing changes on the wire. Generated clients name their functions after it.',
  })),
  ...(['tag-added', 'tag-removed'] as const).map((fact): Rule => ({
    ...shared,
    id: `operation-${fact}`,
    severity: 'safe',
    action: 'annotate',
    fact,
    message: (found) =>
      fact === 'tag-added'
        ? `${found.subject} has the tag ${show(found.after)} now`
        : `${found.subject} no longer has the tag ${show(found.before)}`,
    explanation: 'Tags group operations in documentation and generated clients.',
  })),
  {
    ...shared,
    id: 'operation-deprecated-with-invalid-sunset',
    severity: 'risky',
    action: 'annotate',
    fact: 'deprecated',
    when: (fact) => fact.area === 'operation' && sunsetOf(fact) === undefined,
    message: (fact) =>
      `${fact.subject} was deprecated with ${show(fact.data['sunset'])} as its sunset, which is no date`,
    explanation: 'x-sunset holds a date of RFC 3339, such as 2027-01-31.',
  },
  {
    ...shared,
    id: 'operation-deprecated',
    severity: 'safe',
    action: 'annotate',
    fact: 'deprecated',
    when: ({ area }) => area === 'operation',
    message: (fact) =>
      `${fact.subject} was deprecated${fact.data['sunset'] ? `, until ${show(fact.data['sunset'])}` : ''}`,
    explanation: 'It still works. Its users should look for another way.',
  },
  {
    ...shared,
    id: 'operation-reactivated',
    severity: 'safe',
    action: 'annotate',
    fact: 'reactivated',
    when: ({ area }) => area === 'operation',
    message: (fact) => `${fact.subject} is no longer deprecated`,
    explanation: 'It is there to stay.',
  },
  {
    ...shared,
    id: 'operation-sunset-removed',
    severity: 'risky',
    action: 'annotate',
    fact: 'sunset-removed',
    when: ({ area }) => area === 'operation',
    message: (fact) => `${fact.subject} is deprecated and no longer says until when it stays`,
    explanation: 'Without a date it may go any day.',
  },
  {
    ...shared,
    id: 'operation-sunset-moved-earlier',
    severity: 'breaking',
    action: 'annotate',
    fact: 'sunset-changed',
    when: (fact) => fact.area === 'operation' && movesEarlier(fact),
    message: (fact) =>
      `the sunset of ${fact.subject} moved earlier, from ${show(fact.before)} to ${show(fact.after)}`,
    explanation: 'Its users planned for the later day.',
  },
  ...(['sunset-changed', 'sunset-added'] as const).map((fact): Rule => ({
    ...shared,
    id: `operation-${fact}`,
    severity: 'safe',
    action: 'annotate',
    fact,
    when: ({ area }) => area === 'operation',
    message: (found) => `the sunset of ${found.subject} is ${show(found.after)} now`,
    explanation: 'Its users know until when it stays.',
  })),
  {
    ...shared,
    id: 'operation-stability-decreased',
    severity: 'risky',
    action: 'annotate',
    fact: 'stability-changed',
    when: (fact) => fact.area === 'operation' && levelOf(fact.after) < levelOf(fact.before),
    message: (fact) =>
      `the stability of ${fact.subject} went down from ${show(fact.before)} to ${show(fact.after)}`,
    explanation: 'What was promised to stay may now change.',
  },
  {
    ...shared,
    id: 'operation-stability-increased',
    severity: 'safe',
    action: 'annotate',
    fact: 'stability-changed',
    when: ({ area }) => area === 'operation',
    message: (fact) =>
      `the stability of ${fact.subject} went up from ${show(fact.before)} to ${show(fact.after)}`,
    explanation: 'More is promised than before.',
  },
  {
    ...shared,
    id: 'webhook-removed',
    area: 'webhook',
    severity: 'breaking',
    action: 'remove',
    fact: 'webhook-removed',
    message: (fact) => `${fact.subject} was removed`,
    explanation: 'Whoever waits for it waits for ever.',
  },
  {
    ...shared,
    id: 'webhook-added',
    area: 'webhook',
    severity: 'safe',
    action: 'add',
    fact: 'webhook-added',
    message: (fact) => `${fact.subject} was added`,
    explanation: 'Nobody waits for it yet.',
  },
  {
    ...shared,
    id: 'callback-removed',
    area: 'callback',
    severity: 'breaking',
    action: 'remove',
    fact: 'callback-removed',
    message: (fact) => `${fact.subject} was removed`,
    explanation: 'Whoever waits for it waits for ever.',
  },
  {
    ...shared,
    id: 'callback-added',
    area: 'callback',
    severity: 'safe',
    action: 'add',
    fact: 'callback-added',
    message: (fact) => `${fact.subject} was added`,
    explanation: 'It is sent to those who ask for it.',
  },
  {
    ...shared,
    id: 'callback-moved',
    area: 'callback',
    severity: 'breaking',
    action: 'change',
    fact: 'callback-moved',
    message: (fact) => `${fact.subject} goes to ${show(fact.after)} now, and not to ${show(fact.before)}`,
    explanation: 'It arrives where nobody waits for it.',
  },
  {
    ...shared,
    id: 'spelling-changed',
    area: 'schema',
    severity: 'none',
    action: 'change',
    fact: 'spelling',
    message: (fact) => `${fact.subject} is written differently`,
    explanation:
      'Nothing but the writing: what the schema allows is judged by other rules. Only profiles that follow tools which compare keywords report it.',
  },
]
