import type { Scenario } from '../call.ts'
import type { Exchange } from '../exchange.ts'
import type { Session } from '../session.ts'
import type { Suspicion } from './suspicion.ts'

export type ScenarioJudge = (
  session: Session,
  scenario: Scenario,
  exchanges: readonly Exchange[],
) => readonly Suspicion[]

/** By kind of scenario: what its steps show together. */
export const scenarioJudges: Readonly<Record<string, ScenarioJudge>> = {}
