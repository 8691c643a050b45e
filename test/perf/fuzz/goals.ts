import type { Fault } from '../../../fixtures/fuzz/framework/types.ts'
import { type ServiceName, services } from '../../../fixtures/fuzz/services.ts'
import type { Score } from './score.ts'
import type { Outcome } from './tools.ts'

export interface Run {
  readonly service: ServiceName
  readonly faults: 'all' | 'none'
  readonly seed: number
  readonly score: Score
}

export interface Measured extends Run {
  readonly outcome: Outcome
}

export interface Peer extends Run {
  readonly requests: number
  readonly version: string
}

interface Goal {
  readonly name: string
  readonly goal: string
  readonly figure: string
  readonly isMet: boolean
}

export const faultsOf = (service: ServiceName): readonly Fault[] => services[service].faults
export const isSemantic = ({ kind }: Fault): boolean => kind === 'semantic'
export const allFaults = (names: readonly ServiceName[]): readonly Fault[] => names.flatMap(faultsOf)
const percent = (hit: number, all: number): string =>
  all === 0 ? 'none' : `${((100 * hit) / all).toFixed(1)} %`

/** The share of the faults of one sort that a seed found, over all services. */
export const recalls = (
  runs: readonly Run[],
  sort: (fault: Fault) => boolean,
): readonly { hit: number; all: number }[] => {
  const seeds = [...new Set(runs.map(({ seed }) => seed))]
  return seeds.map((seed) => {
    const mine = runs.filter((run) => run.seed === seed && run.faults === 'all')
    const wanted = mine.flatMap(({ service }) =>
      faultsOf(service)
        .filter(sort)
        .map(({ id }) => id),
    )
    const found = new Set(mine.flatMap(({ score }) => score.found))
    return { hit: wanted.filter((id) => found.has(id)).length, all: wanted.length }
  })
}

const worst = (shares: readonly { hit: number; all: number }[]): { hit: number; all: number } =>
  shares.toSorted((left, right) => left.hit / left.all - right.hit / right.all)[0] ?? { hit: 0, all: 0 }

/** The goals of the issue, and whether the runs meet them in their worst seed. */
export const goals = (measured: readonly Measured[]): readonly Goal[] => {
  const faulty = measured.filter(({ faults }) => faults === 'all')
  const twins = measured.filter(({ faults }) => faults === 'none')
  const reports = measured.flatMap(({ outcome: { report } }) => (report ? [report] : []))
  const share = (name: string, goal: number, sort: (fault: Fault) => boolean): Goal => {
    const { hit, all } = worst(recalls(faulty, sort))
    return {
      name,
      goal: `≥ ${goal} %`,
      figure: `${percent(hit, all)} (${hit} of ${all})`,
      isMet: hit * 100 >= goal * all,
    }
  }
  const least = (name: string, goal: number, figures: readonly (readonly [number, number])[]): Goal => {
    const [hit, all] = figures.toSorted((left, right) => left[0] / left[1] - right[0] / right[1])[0] ?? [0, 1]
    return {
      name,
      goal: `≥ ${goal} %`,
      figure: `${percent(hit, all)} (${hit} of ${all})`,
      isMet: hit * 100 >= goal * all,
    }
  }
  const findings = faulty.reduce((sum, { score }) => sum + score.findings - score.alarms.length, 0)
  const found = faulty.reduce((sum, { score }) => sum + score.found.length, 0)
  const alarms = twins.reduce((sum, { score }) => sum + score.findings, 0)
  const others = faulty.reduce((sum, { score }) => sum + score.alarms.length, 0)
  const firstMs = Math.max(
    ...faulty.map(({ outcome }) =>
      Math.min(Infinity, ...(outcome.report?.findings.map(({ foundMs }) => foundMs) ?? [])),
    ),
  )
  const rate = Math.min(...measured.map(({ outcome }) => outcome.requests / outcome.seconds))
  const totals = reports.map(({ coverage }) => coverage.totals)
  return [
    share('single-request and boundary faults found', 93, (fault) => !isSemantic(fault)),
    share('semantic faults found', 75, isSemantic),
    { name: 'findings on the fixed twins, all runs', goal: '0', figure: String(alarms), isMet: alarms === 0 },
    {
      name: 'findings on the faulty services that no fault accounts for, all runs',
      goal: '0',
      figure: String(others),
      isMet: others === 0,
    },
    {
      name: 'findings per fault',
      goal: '≤ 1.3',
      figure: (findings / Math.max(1, found)).toFixed(2),
      isMet: findings <= 1.3 * found,
    },
    least(
      'operations attempted',
      100,
      totals.map((each) => [each.attempted, each.operations]),
    ),
    least(
      'operations with a success',
      90,
      totals.map((each) => [each.succeeded, each.operations]),
    ),
    least(
      'schema keywords, valid and invalid side',
      90,
      totals.map(({ keywords }) => [keywords.hit, keywords.all]),
    ),
    least(
      'documented responses seen',
      80,
      totals.map(({ responses }) => [responses.hit, responses.all]),
    ),
    {
      name: 'first finding',
      goal: '< 2 s',
      figure: `${(firstMs / 1000).toFixed(2)} s`,
      isMet: firstMs < 2000,
    },
    {
      name: 'requests per second, checks on',
      goal: '≥ 2,000',
      figure: String(Math.floor(rate)),
      isMet: rate >= 2000,
    },
  ]
}
