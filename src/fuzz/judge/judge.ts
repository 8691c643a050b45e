import type { Scenario } from '../call.ts'
import type { Exchange } from '../exchange.ts'
import type { Session } from '../session.ts'
import { judgeContrast } from './contrast.ts'
import { judgeAllow, judgeExchange } from './request.ts'
import { scenarioJudges } from './scenarios.ts'
import type { Suspicion } from './suspicion.ts'

/** Everything that a scenario shows when it is run: the same when it is run again. */
export const judge = (
  session: Session,
  scenario: Scenario,
  exchanges: readonly Exchange[],
): readonly Suspicion[] => {
  const found: Suspicion[] = []
  for (const [at, step] of scenario.steps.entries()) {
    const exchange = exchanges[at]
    const operation = session.api.byKey.get(step.call.operation)
    if (step.role === 'setup' || !exchange || !operation) continue
    found.push(...judgeExchange(session, operation, step, exchange, at))
    if (step.intent.subject?.keyword === 'method') found.push(...judgeAllow(session, operation, exchange, at))
  }
  if (scenario.kind === 'contrast') found.push(...judgeContrast(session, scenario, exchanges))
  const special = scenarioJudges[scenario.kind]
  if (special) found.push(...special(session, scenario, exchanges))
  return found
}
