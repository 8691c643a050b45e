import type { Json } from '../../openapi/json.ts'
import { createRelation, type Relation } from '../../openapi/schema/relation.ts'
import { counterexample } from '../../openapi/schema/counterexample.ts'
import { createValidator, type Validate } from '../../openapi/validator.ts'
import type { Fact } from './fact.ts'
import type { Judgement } from './judge.ts'

/** The proof of a verdict: a value on which the two documents disagree. */
export interface Witness {
  readonly value: Json
  /** The document in which it is valid; in the other it is not. */
  readonly validIn: 'base' | 'revision'
}

/** Looks for a proof. `contradicted`: one was found, and the independent validator does not agree with it. */
export type FindWitness = (judgement: Judgement) => Witness | 'none' | 'contradicted' | undefined

/** A proof is looked for at most so often in one report. */
const searchesMax = 2000

/**
 * Proofs for breaking changes of value sets. In a request it is a value that was valid and is not, in a response one
 * that was not and is. Undefined for facts that are not about value sets.
 */
export const createWitnesses = async (): Promise<FindWitness> => {
  const validate = await createValidator()
  const relations = new Map<string, Relation>()
  const found = new Map<string, ReturnType<FindWitness>>()
  let searches = 0
  return ({ fact, severity }) => {
    if (!fact.schema || severity !== 'breaking' || !isAboutValidity(fact)) return undefined
    const { base, revision, text } = fact.schema
    const key = `${fact.flow} ${text} ${base.key} ${revision.key}`
    if (found.has(key)) return found.get(key)
    if (++searches > searchesMax) return 'none'
    const relation = relations.get(text) ?? createRelation({ undeclared: 'absent', text })
    relations.set(text, relation)
    const witness = search(fact, relation, validate)
    found.set(key, witness)
    return witness
  }
}

/** What a string holds once it is decoded, and what its author says of it, is nothing that a validator asserts. */
const isAboutValidity = ({ kind, data }: Fact): boolean =>
  kind !== 'spelling' &&
  kind !== 'content-changed' &&
  kind !== 'extensible-enum-value-removed' &&
  data['keyword'] !== 'contentSchema'

const search = (fact: Fact, relation: Relation, validate: Validate): ReturnType<FindWitness> => {
  if (!fact.schema) return undefined
  const { base, revision } = fact.schema
  const isSent = fact.flow === 'request'
  const [outer, inner] = isSent ? [revision, base] : [base, revision]
  const found = counterexample(outer, inner, relation)
  const isBranch = found === undefined && fact.kind.startsWith('union-branch-')
  const value = isBranch ? counterexample(outer, inner, relation.strict) : found
  if (value === undefined) return 'none'
  const [inInner, inOuter] = [validate(inner, value), validate(outer, value)]
  if (inInner === undefined || inOuter === undefined) return 'none'
  return inInner && !inOuter ? { value, validIn: isSent ? 'base' : 'revision' } : 'contradicted'
}
