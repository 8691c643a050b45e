import type { Json } from '../../../openapi/json.ts'
import type { HealthFinding } from '../../../openapi/health.ts'
import type { Spec } from '../../../openapi/spec.ts'
import type { Judgement } from '../judge.ts'
import type { FindWitness } from '../witness.ts'
import type { Change, Finding, Location, Report } from './report.ts'

export interface ReportInput {
  readonly base: Spec
  readonly revision: Spec
  readonly judgements: readonly Judgement[]
  readonly findWitness?: FindWitness
  /** The spec of the store that both are versions of. */
  readonly spec?: string
}

/** Verdicts with their places in both documents, their proofs, and what is wrong with the documents. */
export const buildReport = ({ base, revision, judgements, findWitness, spec }: ReportInput): Report => {
  const [inBase, inRevision] = [
    locator(
      base,
      judgements.map(({ fact }) => fact.base),
    ),
    locator(
      revision,
      judgements.map(({ fact }) => fact.revision),
    ),
  ]
  const changes = judgements.map((judgement) => toChange(judgement, inBase, inRevision, findWitness))
  const counted = changes.filter(({ acknowledged }) => !acknowledged)
  const count = (severity: Change['severity']): number =>
    counted.filter((each) => each.severity === severity).length
  return {
    verdict: counted[0]?.severity ?? 'none',
    ...(spec !== undefined && { spec }),
    base: { name: base.name, openapi: base.version, sha256: base.sha256 },
    revision: { name: revision.name, openapi: revision.version, sha256: revision.sha256 },
    counts: {
      breaking: count('breaking'),
      risky: count('risky'),
      safe: count('safe'),
      acknowledged: changes.length - counted.length,
    },
    changes,
    health: [...findings(base, 'base'), ...findings(revision, 'revision')],
  }
}

type Locate = (pointer: string | undefined) => Location | undefined

/** One pass over the text for all places. */
const locator = (spec: Spec, pointers: readonly (string | undefined)[]): Locate => {
  const positions = spec.locate(new Set(pointers.filter((each) => each !== undefined)))
  return (pointer) => {
    const position = pointer === undefined ? undefined : positions.get(pointer)
    return position && { file: spec.name, line: position.line, column: position.column }
  }
}

const toChange = (
  judgement: Judgement,
  inBase: Locate,
  inRevision: Locate,
  findWitness: FindWitness | undefined,
): Change => {
  const { fact, rule, severity, message, fingerprint, because, acknowledged } = judgement
  const [baseLocation, revisionLocation] = [inBase(fact.base), inRevision(fact.revision)]
  return {
    id: rule.id,
    severity,
    operation: fact.operations[0] ?? null,
    operations: [...fact.operations],
    tags: [...fact.tags],
    area: fact.area,
    direction: rule.direction === 'none' ? 'none' : (fact.flow ?? rule.direction),
    action: rule.action,
    pointer: fact.revision ?? fact.base ?? '',
    ...(fact.base !== undefined && { basePointer: fact.base }),
    ...(fact.revision !== undefined && { revisionPointer: fact.revision }),
    before: fact.before ?? null,
    after: fact.after ?? null,
    message,
    fingerprint,
    ...(baseLocation && { baseLocation }),
    ...(revisionLocation && { revisionLocation }),
    ...proof(judgement, findWitness),
    ...(because !== undefined && { because }),
    ...(acknowledged && {
      acknowledged: {
        reason: acknowledged.reason,
        ...(acknowledged.until !== undefined && { until: acknowledged.until }),
      },
    }),
  }
}

const proof = (
  judgement: Judgement,
  findWitness: FindWitness | undefined,
): Pick<Change, 'witness' | 'unproven'> => {
  const witness = findWitness?.(judgement)
  if (witness === undefined) return {}
  if (witness === 'none') return { unproven: 'No value was found that is valid on one side only.' }
  if (witness === 'contradicted')
    return { unproven: 'A value was found, and an independent validator judges it otherwise.' }
  const { value, validIn } = witness as { value: Json; validIn: 'base' | 'revision' }
  return { witness: { value, validIn } }
}

const findings = (spec: Spec, document: Finding['document']): readonly Finding[] => {
  const found: readonly HealthFinding[] = spec.health()
  const positions = spec.locate(new Set(found.map(({ pointer }) => pointer)))
  return found.map(({ id, level, pointer, message }) => {
    const position = positions.get(pointer)
    return {
      document,
      id,
      level,
      pointer,
      message,
      ...(position && { location: { file: spec.name, line: position.line, column: position.column } }),
    }
  })
}
