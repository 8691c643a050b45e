import type { Fact } from '../fact.ts'
import { documentRules } from './document-rules.ts'
import { messageRules } from './message-rules.ts'
import { operationRules } from './operation-rules.ts'
import { propertyRules } from './property-rules.ts'
import type { JudgeContext, Rule } from './rule.ts'
import { valueRules } from './schema-rules.ts'

/** Every rule there is. Among those of one kind of fact the first that fits counts. */
export const rules: readonly Rule[] = [
  ...operationRules,
  ...messageRules,
  ...documentRules,
  ...propertyRules,
  ...valueRules,
]

const byFact = Map.groupBy(rules, ({ fact }) => fact)

/** The rule that judges a fact; undefined where none does, which a test holds to be never. */
export const ruleFor = (fact: Fact, context: JudgeContext): Rule | undefined =>
  byFact.get(fact.kind)?.find(({ when }) => when?.(fact, context) ?? true)
