import { asText } from '../../openapi/json.ts'
import { createHash } from 'node:crypto'
import type { Fact } from './fact.ts'
import type { Acknowledgement, Override, Policy } from './policy.ts'
import { oasdiffVerdict } from './profile-oasdiff.ts'
import { ruleFor } from './rules/catalogue.ts'
import type { JudgeContext, Rule } from './rules/rule.ts'
import { moreSevere, type Severity, type Verdict } from './severity.ts'

/** A fact with its verdict. */
export interface Judgement {
  readonly fact: Fact
  readonly rule: Rule
  readonly severity: Severity
  readonly message: string
  /** Of rule, operation and place, not of the message: it survives rewording. */
  readonly fingerprint: string
  /** Why the severity is not that of the rule. */
  readonly because?: string
  readonly acknowledged?: Acknowledgement
}

/** Verdicts on facts, the most severe first. Facts that a policy finds not worth a word are left out. */
export const judge = (facts: readonly Fact[], policy: Policy, now: number): readonly Judgement[] => {
  const context: JudgeContext = { policy, now }
  const judgements = facts.flatMap((fact) => judgeOne(fact, context) ?? [])
  return judgements.toSorted(
    (left, right) =>
      moreSevere(left.severity, right.severity) ||
      compareText(left.fact.operations[0] ?? '', right.fact.operations[0] ?? '') ||
      compareText(left.message, right.message),
  )
}

const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

const judgeOne = (fact: Fact, context: JudgeContext): Judgement | undefined => {
  const { policy, now } = context
  const rule = ruleFor(fact, context)
  if (!rule) return undefined
  const fingerprint = fingerprintOf(fact, rule)
  const override = policy.overrides.find((each) => isInForce(each.until, now) && matches(each, fact, rule))
  const severity = override?.severity ?? severityOf(fact, rule, context)
  if (severity === 'none') return undefined
  const acknowledged = policy.acknowledgements.find(
    (each) => each.fingerprint === fingerprint && isInForce(each.until, now),
  )
  return {
    fact,
    rule,
    severity,
    message: sentence(rule.message(fact)),
    fingerprint,
    ...(override && { because: override.reason }),
    ...(acknowledged && { acknowledged }),
  }
}

const severityOf = (fact: Fact, rule: Rule, { policy, now }: JudgeContext): Verdict => {
  const decided = rule.policy ? policy.switches[rule.policy] : rule.severity
  if (policy.profile === 'oasdiff') return oasdiffVerdict(fact, rule, decided, now)
  // What does not travel in a direction cannot be wrong in it.
  if (fact.data['hidden'] === true && decided !== 'none') return 'safe'
  // What is called a draft promises nothing.
  return fact.data['unstable'] === true && decided !== 'none' ? 'safe' : decided
}

/** Twelve hex digits that stay the same as long as the same thing happens at the same place. */
const fingerprintOf = (fact: Fact, rule: Rule): string =>
  createHash('sha256')
    .update(
      [
        rule.id,
        fact.operations.length === 1 ? fact.operations[0] : '',
        fact.base ?? '',
        fact.revision ?? '',
        asText(fact.data['property'] ?? ''),
      ].join('\n'),
    )
    .digest('hex')
    .slice(0, 12)

const isInForce = (until: string | undefined, now: number): boolean =>
  until === undefined || Number.isNaN(Date.parse(until)) || Date.parse(until) > now

const matches = (override: Override, fact: Fact, rule: Rule): boolean =>
  (override.rule === undefined || isLike(rule.id, override.rule)) &&
  (override.tag === undefined || fact.tags.some((tag) => isLike(tag, override.tag ?? ''))) &&
  (override.path === undefined ||
    // One cause may touch many operations: it is let off only where all of them are.
    (fact.operations.length > 0 &&
      fact.operations.every(
        (name) => isLike(name, override.path ?? '') || isLike(name.replace(/^\S+ /, ''), override.path ?? ''),
      )))

const isLike = (text: string, pattern: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((piece) => piece.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
      .join('.*')}$`,
    'is',
  ).test(text)

/** One line that begins and ends as a sentence. Names come from documents and may hold anything. */
const sentence = (text: string): string => {
  const line = text.replaceAll(/\p{Cc}+/gu, ' ')
  const shown = /^[a-z]+ /.test(line) ? line.slice(0, 1).toUpperCase() + line.slice(1) : line
  return /[.…]$/.test(shown) ? shown : `${shown}.`
}
