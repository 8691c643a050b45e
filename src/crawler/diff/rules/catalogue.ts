import type { Fact } from '../fact.ts'
import { bodyRules, mediaRules } from './body-rules.ts'
import { documentRules } from './document-rules.ts'
import { operationRules } from './operation-rules.ts'
import { parameterRules } from './parameter-rules.ts'
import { propertyRules } from './property-rules.ts'
import { headerRules, responseRules } from './response-rules.ts'
import type { JudgeContext, Rule } from './rule.ts'
import { valueRules } from './value-rules.ts'

/** Every rule there is. Among those of one kind of fact the first that fits counts. */
export const rules: readonly Rule[] = [
  ...operationRules,
  ...parameterRules,
  ...bodyRules,
  ...mediaRules,
  ...responseRules,
  ...headerRules,
  ...documentRules,
  ...propertyRules,
  ...valueRules,
]

const byFact = Map.groupBy(rules, ({ fact }) => fact)

/** The rule that judges a fact; undefined where none does, which a test holds to be never. */
export const ruleFor = (fact: Fact, context: JudgeContext): Rule | undefined =>
  byFact.get(fact.kind)?.find(({ when }) => when?.(fact, context) ?? true)
