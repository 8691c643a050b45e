import { asText } from '../../../openapi/json.ts'
import type { Fact } from '../fact.ts'
import type { Rule } from './rule.ts'
import { show, sunsetOf } from './rule.ts'
import { forAll, narrowing, noting, widening } from './schema-rules.ts'

const is = (name: string) => (fact: Fact) => fact.data[name] === true

/** Rules about the members of objects. Rows are tried in order: the particular ones come first. */
export const propertyRules: readonly Rule[] = [
  ...forAll({
    name: 'hidden-property-added',
    fact: 'property-added',
    ...noting,
    action: 'add',
    when: is('hidden'),
    message: (fact) => `${fact.subject} was added, and does not travel in this direction`,
    explanation: 'readOnly binds responses only, writeOnly requests only.',
  }),
  ...forAll({
    name: 'hidden-property-removed',
    fact: 'property-removed',
    ...noting,
    action: 'remove',
    when: is('hidden'),
    message: (fact) => `${fact.subject} was removed, and did not travel in this direction`,
    explanation: 'readOnly binds responses only, writeOnly requests only.',
  }),
  ...forAll({
    name: 'required-property-with-default-added',
    fact: 'property-added',
    request: 'breaking',
    response: 'safe',
    policy: { request: 'requiredWithDefault' },
    action: 'add',
    when: (fact) => is('required')(fact) && is('default')(fact),
    message: (fact) => `${fact.subject} was added as required, with a default`,
    explanation:
      'A default describes what a server does when a value is missing; it does not fill in a required one. Old requests lack it.',
  }),
  ...forAll({
    name: 'required-property-added',
    fact: 'property-added',
    ...narrowing,
    action: 'add',
    when: is('required'),
    message: (fact) => `${fact.subject} was added as required`,
    explanation: 'Old requests lack it. In a response it is something more to read.',
  }),
  ...forAll({
    name: 'property-added-to-closed-object',
    fact: 'property-added',
    request: 'safe',
    response: 'risky',
    policy: { response: 'closedResponseProperty' },
    action: 'add',
    when: is('closed'),
    message: (fact) => `${fact.subject} was added to an object that allowed no others`,
    explanation: 'Clients that hold responses against the old document refuse the new property.',
  }),
  ...forAll({
    name: 'optional-property-added',
    fact: 'property-added',
    ...noting,
    action: 'add',
    message: (fact) => `${fact.subject} was added`,
    explanation: 'Who does not know it does not send it, and ignores it where it comes.',
  }),
  ...forAll({
    name: 'property-removed-before-sunset',
    fact: 'property-removed',
    request: 'breaking',
    response: 'breaking',
    action: 'remove',
    when: (fact, { now }) => is('deprecated')(fact) && (sunsetOf(fact) ?? 0) > now,
    message: (fact) => `${fact.subject} was removed before its sunset date ${show(fact.data['sunset'])}`,
    explanation: 'It was announced to stay until that day.',
  }),
  ...forAll({
    name: 'property-removed-after-sunset',
    fact: 'property-removed',
    ...noting,
    action: 'remove',
    when: (fact, { now }) =>
      is('deprecated')(fact) && typeof sunsetOf(fact) === 'number' && (sunsetOf(fact) ?? now) <= now,
    message: (fact) => `${fact.subject} was removed, as its sunset date had announced`,
    explanation: 'It was deprecated, and the day that was named has passed.',
  }),
  ...forAll({
    name: 'property-removed-and-covered',
    fact: 'property-removed',
    ...noting,
    action: 'remove',
    when: (fact) => is('fits')(fact) && !(fact.flow === 'response' && is('required')(fact)),
    message: (fact) => `${fact.subject} was removed, and is still allowed by additionalProperties`,
    explanation: 'Members that are not named may hold what it held.',
  }),
  ...forAll({
    name: 'property-removed-from-closed-object',
    fact: 'property-removed',
    request: 'breaking',
    response: 'risky',
    action: 'remove',
    when: (fact) => is('closed')(fact) && !(fact.flow === 'response' && is('required')(fact)),
    message: (fact) => `${fact.subject} was removed from an object that allows no others`,
    explanation: 'A request that still sends it is refused.',
  }),
  ...forAll({
    name: 'required-property-removed',
    fact: 'property-removed',
    request: 'risky',
    response: 'breaking',
    policy: { request: 'requestPropertyRemoved' },
    action: 'remove',
    when: is('required'),
    message: (fact) => `${fact.subject}, which was required, was removed`,
    explanation: 'Readers of the response count on it. In a request it is ignored from now on.',
  }),
  ...forAll({
    name: 'property-removed',
    fact: 'property-removed',
    request: 'risky',
    response: 'risky',
    policy: { request: 'requestPropertyRemoved' },
    action: 'remove',
    message: (fact) => `${fact.subject} was removed`,
    explanation:
      'A request may still send it, and it is silently ignored. A response did not promise it, yet readers may have come to use it.',
  }),
  ...forAll({
    name: 'property-with-default-became-required',
    fact: 'property-became-required',
    request: 'breaking',
    response: 'safe',
    policy: { request: 'requiredWithDefault' },
    action: 'narrow',
    when: is('default'),
    message: (fact) => `${fact.subject} became required; it has a default`,
    explanation: 'A default does not fill in a required value. Requests that leave it out are refused.',
  }),
  ...forAll({
    name: 'property-became-required',
    fact: 'property-became-required',
    ...narrowing,
    action: 'narrow',
    message: (fact) => `${fact.subject} became required`,
    explanation: 'Requests that leave it out are refused. In a response it is promised from now on.',
  }),
  ...forAll({
    name: 'property-became-optional',
    fact: 'property-became-optional',
    ...widening,
    action: 'widen',
    message: (fact) => `${fact.subject} became optional`,
    explanation: 'Readers of the response count on it, and it may be missing from now on.',
  }),
  ...['default-added', 'default-changed', 'default-removed'].flatMap((fact) =>
    forAll({
      name: fact,
      fact,
      request: 'risky',
      response: 'safe',
      policy: { request: 'defaultChanged' },
      action: 'change',
      message: (found) =>
        found.before === undefined
          ? `${found.subject} has the default ${show(found.after)} now`
          : found.after === undefined
            ? `${found.subject} has lost its default ${show(found.before)}`
            : `the default of ${found.subject} changed from ${show(found.before)} to ${show(found.after)}`,
      explanation: 'Requests that leave it out mean something else than before.',
    }),
  ),
  ...(
    [
      ['became-read-only', 'became readOnly'],
      ['became-not-read-only', 'is no longer readOnly'],
      ['became-write-only', 'became writeOnly'],
      ['became-not-write-only', 'is no longer writeOnly'],
    ] as const
  ).flatMap(([fact, words]) =>
    forAll({
      name: fact,
      fact,
      ...noting,
      action: 'annotate',
      message: (found) => `${found.subject} ${words}`,
      explanation: 'It says in which direction a value travels.',
    }),
  ),
  ...forAll({
    name: 'deprecated-with-invalid-sunset',
    fact: 'deprecated',
    request: 'risky',
    response: 'risky',
    action: 'annotate',
    when: (fact) => sunsetOf(fact) === undefined,
    message: (fact) =>
      `${fact.subject} was deprecated with ${show(fact.data['sunset'])} as its sunset, which is no date`,
    explanation: 'x-sunset holds a date of RFC 3339, such as 2027-01-31.',
  }),
  ...forAll({
    name: 'deprecated',
    fact: 'deprecated',
    ...noting,
    action: 'annotate',
    message: (fact) =>
      `${fact.subject} was deprecated${fact.data['sunset'] ? `, until ${show(fact.data['sunset'])}` : ''}`,
    explanation: 'It still works. Its users should look for another way.',
  }),
  ...forAll({
    name: 'reactivated',
    fact: 'reactivated',
    ...noting,
    action: 'annotate',
    message: (fact) => `${fact.subject} is no longer deprecated`,
    explanation: 'It is there to stay.',
  }),
  ...forAll({
    name: 'sunset-removed',
    fact: 'sunset-removed',
    request: 'risky',
    response: 'risky',
    action: 'annotate',
    message: (fact) => `${fact.subject} is deprecated and no longer says until when it stays`,
    explanation: 'Without a date it may go any day.',
  }),
  ...forAll({
    name: 'sunset-moved-earlier',
    fact: 'sunset-changed',
    request: 'breaking',
    response: 'breaking',
    action: 'annotate',
    when: movesEarlier,
    message: (fact) =>
      `the sunset of ${fact.subject} moved earlier, from ${show(fact.before)} to ${show(fact.after)}`,
    explanation: 'Its users planned for the later day.',
  }),
  ...['sunset-changed', 'sunset-added'].flatMap((fact) =>
    forAll({
      name: fact,
      fact,
      ...noting,
      action: 'annotate',
      message: (found) => `the sunset of ${found.subject} is ${show(found.after)} now`,
      explanation: 'Its users know until when it stays.',
    }),
  ),
  ...forAll({
    name: 'stability-changed',
    fact: 'stability-changed',
    ...noting,
    action: 'annotate',
    message: (fact) =>
      `the stability of ${fact.subject} changed from ${show(fact.before)} to ${show(fact.after)}`,
    explanation: 'draft, alpha, beta, stable: what may be relied upon.',
  }),
]

/** Whether both dates are dates, and the new one is earlier. */
export function movesEarlier({ before, after }: Fact): boolean {
  const [was, is] = [Date.parse(asText(before)), Date.parse(asText(after))]
  return is < was
}
