import { type Rule, show, showAll } from './rule.ts'
import {
  byEffect,
  change,
  forAll,
  narrowed,
  narrowing,
  noting,
  surprising,
  widened,
  widening,
} from './schema-rules.ts'

const boundNames: Readonly<Record<string, string>> = {
  minimum: 'min',
  exclusiveMinimum: 'exclusive-min',
  maximum: 'max',
  exclusiveMaximum: 'exclusive-max',
  minLength: 'min-length',
  maxLength: 'max-length',
  minItems: 'min-items',
  maxItems: 'max-items',
  minProperties: 'min-properties',
  maxProperties: 'max-properties',
}

const boundRules: readonly Rule[] = Object.entries(boundNames).flatMap(([keyword, name]) =>
  ['set', 'unset', 'increased', 'decreased', 'became-exclusive', 'became-inclusive'].flatMap((what) => {
    const isMin = name.includes('min')
    const isNarrower =
      what === 'set' || what === 'became-exclusive' || what === (isMin ? 'increased' : 'decreased')
    return forAll({
      name: `${name}-${what}`,
      fact: `bound-${what}`,
      ...(isNarrower ? narrowing : widening),
      action: isNarrower ? 'narrow' : 'widen',
      when: (fact) => fact.data['keyword'] === keyword,
      message: (fact) =>
        what === 'set'
          ? `${keyword} of ${fact.subject} was set to ${show(fact.after)}`
          : what === 'unset'
            ? `${keyword} of ${fact.subject} was ${show(fact.before)} and was removed`
            : what.startsWith('became')
              ? `${keyword} of ${fact.subject} ${what.replace('-', ' ')} at ${show(fact.after)}`
              : `${keyword} of ${fact.subject} ${what} ${change(fact)}`,
      explanation: isNarrower ? narrowed : widened,
    })
  }),
)

const typeRules: readonly Rule[] = [
  ...forAll({
    name: 'type-changed',
    fact: 'type-changed',
    ...surprising,
    action: 'change',
    message: (fact) => `type of ${fact.subject} changed ${change(fact)}`,
    explanation: `Neither type holds the other. ${narrowed} ${widened}`,
  }),
  ...forAll({
    name: 'type-generalized',
    fact: 'type-generalized',
    ...widening,
    action: 'widen',
    message: (fact) => `type of ${fact.subject} widened ${change(fact)}`,
    explanation: widened,
  }),
  ...forAll({
    name: 'type-specialized',
    fact: 'type-specialized',
    ...narrowing,
    action: 'narrow',
    message: (fact) => `type of ${fact.subject} narrowed ${change(fact)}`,
    explanation: narrowed,
  }),
  ...forAll({
    name: 'type-compatible',
    fact: 'type-compatible',
    ...noting,
    action: 'change',
    message: (fact) => `type of ${fact.subject} changed ${change(fact)}, which looks the same on the wire`,
    explanation: 'Both types are written the same way where the value travels.',
  }),
  ...forAll({
    name: 'became-nullable',
    fact: 'became-nullable',
    ...widening,
    action: 'widen',
    message: (fact) => `${fact.subject} may be null now`,
    explanation: widened,
  }),
  ...forAll({
    name: 'became-not-nullable',
    fact: 'became-not-nullable',
    ...narrowing,
    action: 'narrow',
    message: (fact) => `${fact.subject} may no longer be null`,
    explanation: narrowed,
  }),
]

const enumRules: readonly Rule[] = [
  ...forAll({
    name: 'enum-value-removed',
    fact: 'enum-value-removed',
    ...narrowing,
    action: 'narrow',
    message: (fact) => `${fact.subject} no longer takes ${showAll(fact.before)}`,
    explanation: narrowed,
  }),
  ...forAll({
    name: 'extensible-enum-value-added',
    fact: 'enum-value-added',
    ...noting,
    action: 'annotate',
    when: (fact) => fact.data['extensible'] === true,
    message: (fact) => `${fact.subject} may be ${showAll(fact.after)} now; it is marked as extensible`,
    explanation: 'The document says that values may be added, so readers are prepared.',
  }),
  ...forAll({
    name: 'enum-value-added',
    fact: 'enum-value-added',
    request: 'safe',
    response: 'risky',
    policy: { response: 'enumAddedInResponse' },
    action: 'widen',
    message: (fact) => `${fact.subject} may be ${showAll(fact.after)} now`,
    explanation:
      'Readers that decide by the value meet one they do not know. Whether they cope depends on them.',
  }),
  ...forAll({
    name: 'became-enum',
    fact: 'became-enum',
    ...narrowing,
    action: 'narrow',
    message: (fact) => `${fact.subject} is now limited to ${showAll(fact.after ?? [])}`,
    explanation: narrowed,
  }),
  ...forAll({
    name: 'enum-removed',
    fact: 'enum-removed',
    ...widening,
    action: 'widen',
    message: (fact) => `${fact.subject} is no longer limited to ${showAll(fact.before ?? [])}`,
    explanation: widened,
  }),
  ...forAll({
    name: 'const-changed',
    fact: 'const-changed',
    ...surprising,
    action: 'change',
    message: (fact) => `the only value of ${fact.subject} changed ${change(fact)}`,
    explanation: `${narrowed} ${widened}`,
  }),
  ...forAll({
    name: 'const-added',
    fact: 'const-added',
    ...narrowing,
    action: 'narrow',
    message: (fact) => `${fact.subject} must now be ${showAll(fact.after)}`,
    explanation: narrowed,
  }),
  ...forAll({
    name: 'const-removed',
    fact: 'const-removed',
    ...widening,
    action: 'widen',
    message: (fact) => `${fact.subject} need no longer be ${showAll(fact.before)}`,
    explanation: widened,
  }),
  ...forAll({
    name: 'extensible-enum-value-removed',
    fact: 'extensible-enum-value-removed',
    ...narrowing,
    action: 'narrow',
    message: (fact) => `${fact.subject} no longer lists ${showAll(fact.before)}`,
    explanation: narrowed,
  }),
]

const textRules: readonly Rule[] = [
  ...forAll({
    name: 'pattern-added',
    fact: 'pattern-added',
    ...narrowing,
    action: 'narrow',
    message: (fact) => `${fact.subject} must now match ${show(fact.after)}`,
    explanation: narrowed,
  }),
  ...forAll({
    name: 'pattern-removed',
    fact: 'pattern-removed',
    ...widening,
    action: 'widen',
    message: (fact) => `${fact.subject} need no longer match ${show(fact.before)}`,
    explanation: widened,
  }),
  ...byEffect('pattern-changed', 'pattern', 'the pattern'),
  ...byEffect('format-changed', 'format', 'the format'),
  ...byEffect('content-changed', 'content', 'the content type or encoding'),
  ...byEffect('multiple-of-changed', 'multiple-of', 'multipleOf'),
]

const structureRules: readonly Rule[] = [
  ...forAll({
    name: 'union-branch-added',
    fact: 'union-branch-added',
    ...widening,
    action: 'widen',
    message: (fact) => `${fact.subject} may also be ${show(fact.data['label'])} now`,
    explanation: widened,
  }),
  ...forAll({
    name: 'union-branch-removed',
    fact: 'union-branch-removed',
    ...narrowing,
    action: 'narrow',
    message: (fact) => `${fact.subject} may no longer be ${show(fact.data['label'])}`,
    explanation: narrowed,
  }),
  ...byEffect('additional-properties-changed', 'additional-properties', 'what other members are allowed in'),
  ...byEffect('pattern-property-added', 'pattern-property-added', 'patternProperties'),
  ...byEffect('pattern-property-removed', 'pattern-property-removed', 'patternProperties'),
  ...byEffect('property-names-changed', 'property-names', 'propertyNames'),
  ...byEffect('dependent-required-changed', 'dependent-required', 'dependentRequired'),
  ...byEffect('dependent-schemas-changed', 'dependent-schemas', 'dependentSchemas'),
  ...byEffect('unique-items-changed', 'unique-items', 'uniqueItems'),
  ...byEffect('prefix-items-added', 'prefix-items-added', 'the tuple'),
  ...byEffect('prefix-items-removed', 'prefix-items-removed', 'the tuple'),
  ...byEffect('contains-changed', 'contains', 'contains'),
  ...byEffect('condition-changed', 'condition', 'a condition'),
  ...byEffect('not-changed', 'not', 'what is forbidden'),
  ...byEffect('constraints-changed', 'constraints', 'the constraints'),
  ...forAll({
    name: 'one-of-overlap-changed',
    fact: 'one-of-overlap-changed',
    request: 'risky',
    response: 'risky',
    action: 'change',
    when: (fact) => fact.effect === 'changed' || (fact.effect === 'narrowed') === (fact.flow === 'request'),
    message: (fact) => `values that several branches of ${fact.subject} take are judged otherwise`,
    explanation:
      'A oneOf refuses what more than one of its branches takes. Branches that overlap came or went, so such values are refused now, or no longer. Many servers and readers do not look so closely.',
  }),
  ...forAll({
    name: 'one-of-overlap-harmless',
    fact: 'one-of-overlap-changed',
    ...noting,
    action: 'change',
    message: (fact) => `values that several branches of ${fact.subject} take are judged otherwise`,
    explanation:
      'A oneOf refuses what more than one of its branches takes. Senders may send more of them, or readers see fewer.',
  }),
]

/** Rules about what values a schema takes. */
export const valueRules: readonly Rule[] = [
  ...typeRules,
  ...enumRules,
  ...boundRules,
  ...textRules,
  ...structureRules,
]
