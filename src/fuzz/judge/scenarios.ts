import type { Scenario } from '../call.ts'
import type { Exchange } from '../exchange.ts'
import type { Session } from '../session.ts'
import { judgeCrossUser, judgeHierarchy } from '../stateful/access.ts'
import { judgeDeletion, judgeLifecycle, judgeLocation, judgeSiblings } from '../stateful/lifecycle.ts'
import { judgePages } from '../stateful/pages.ts'
import { judgeFailedCreate, judgeFailedWrite } from '../stateful/refused-writes.ts'
import { judgePatch, judgeRepeat, judgeReplace } from '../stateful/writes.ts'
import type { Suspicion } from './suspicion.ts'

type ScenarioJudge = (
  session: Session,
  scenario: Scenario,
  exchanges: readonly Exchange[],
) => readonly Suspicion[]

/** By kind of scenario: what its steps show together. */
export const scenarioJudges: Readonly<Record<string, ScenarioJudge>> = {
  lifecycle: judgeLifecycle,
  deletion: judgeDeletion,
  siblings: judgeSiblings,
  location: judgeLocation,
  replace: judgeReplace,
  repeat: judgeRepeat,
  patch: judgePatch,
  'failed-write': judgeFailedWrite,
  'failed-create': judgeFailedCreate,
  'cross-user': judgeCrossUser,
  hierarchy: judgeHierarchy,
  pages: judgePages,
}
