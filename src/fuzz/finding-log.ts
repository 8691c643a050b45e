import { createHash } from 'node:crypto'
import type { Json } from '../openapi/json.ts'
import { valueAt } from '../openapi/pointer.ts'
import type { Call, Phase, Scenario, Subject } from './call.ts'
import { checkTable } from './check.ts'
import { curlOf, secretsOf } from './curl.ts'
import type { Exchange } from './exchange.ts'
import type { Finding } from './finding.ts'
import type { Suspicion } from './judge/suspicion.ts'
import { rerun, type Rerun, resend } from './reproduce.ts'
import { type Session, statusOf } from './session.ts'
import { shrink } from './shrink.ts'
import { withValue } from './perform.ts'

/** Suspicions become findings here: known ones are counted, new ones are seen again and made small. */
export interface FindingLog {
  suspect(scenario: Scenario, exchanges: readonly Exchange[], suspicions: readonly Suspicion[]): Promise<void>
  findings(): readonly Finding[]
  /** Suspicions that were not seen again. */
  unverified(): number
}

interface Entry {
  readonly suspicion: Suspicion
  readonly marks: Set<string>
  count: number
  failures: number
  isChecking: boolean
  finding?: Finding
}

/** Suspicions of one kind that were not seen again so often are not looked at any more. */
const failuresMax = 4
/** What is wrong about a quota has to be seen so often. */
const quotaSightings = 3

export const createFindingLog = (session: () => Session): FindingLog => {
  const entries = new Map<string, Entry[]>()

  const entryOf = (suspicion: Suspicion): Entry => {
    const name = nameOf(suspicion)
    const among = entries.get(name) ?? []
    entries.set(name, among)
    const marks = suspicion.marks ?? []
    const known = among.find(
      (entry) => entry.marks.size === 0 || marks.length === 0 || marks.some((mark) => entry.marks.has(mark)),
    )
    if (known) {
      // Marks join: what breaks at one place by many values, and by one value at many places, is one fault.
      if (known.finding) for (const mark of marks) known.marks.add(mark)
      return known
    }
    const entry: Entry = { suspicion, marks: new Set(marks), count: 0, failures: 0, isChecking: false }
    among.push(entry)
    return entry
  }

  /** Whether a request of many values fails only for what others have failed for. */
  const isExplained = async (scenario: Scenario, suspicion: Suspicion): Promise<boolean> => {
    const { check, operation, traits, step } = suspicion
    const among = (entries.get(nameOf(suspicion)) ?? []).filter(({ finding }) => finding)
    const judged = scenario.steps[step]
    const isPlain = judged?.intent.subject !== undefined && judged.intent.phase !== 'random'
    if (!judged || isPlain || among.length === 0) return false
    const base = session().memory(session().api.byKey.get(judged.call.operation)!).base
    if (!base) return true
    let { call } = judged
    for (const { finding } of among) {
      const subject = finding?.scenario.steps.find(({ role }) => role === 'case')?.intent.subject
      if (!subject) return true
      call = withValue(call, subject, valueOf(base, subject))
    }
    const steps = scenario.steps.map((each, at) => (at === step ? { ...each, call } : each))
    const again = await rerun(session(), { ...scenario, steps })
    return !again.suspicions.some(
      (other) => other.check === check && other.operation === operation && other.traits === traits,
    )
  }

  const verify = async (
    entry: Entry,
    scenario: Scenario,
    exchanges: readonly Exchange[],
    suspicion: Suspicion,
  ): Promise<void> => {
    const { check, operation, traits } = suspicion
    const same = (other: Suspicion): boolean =>
      other.check === check && other.operation === operation && other.traits === traits
    const current = session()
    const phase = scenario.steps[suspicion.step]?.intent.phase ?? current.phase
    let again: Rerun = await rerun(current, scenario)
    if (!again.suspicions.some(same) && scenario.kind === 'single')
      again = await resend(current, scenario, exchanges)
    const seen = again.suspicions.find(same)
    if (!seen) return void entry.failures++
    const small = await shrink(current, again, same)
    entry.finding = makeFinding(current, small, small.suspicions.find(same) ?? seen, phase)
  }

  return {
    suspect: async (scenario, exchanges, suspicions) => {
      for (const suspicion of suspicions) {
        if (!session().settings.checks.has(suspicion.check)) continue
        const entry = entryOf(suspicion)
        entry.count++
        if (entry.finding || entry.isChecking || entry.failures >= failuresMax || session().signal.aborted)
          continue
        entry.isChecking = true
        try {
          // A quota comes and goes: it is seen again by itself, or not at all.
          if (statusOf(exchanges[suspicion.step]) === 429) {
            if (entry.count >= quotaSightings)
              entry.finding = makeFinding(
                session(),
                { scenario, exchanges, suspicions, isReady: true },
                suspicion,
                session().phase,
              )
            continue
          }
          if (await isExplained(scenario, suspicion)) continue
          await verify(entry, scenario, exchanges, suspicion)
        } finally {
          entry.isChecking = false
        }
      }
    },
    findings: () =>
      [...entries.values()]
        .flat()
        .flatMap(({ finding, count }) => (finding ? [{ ...finding, count }] : []))
        .toSorted((left, right) => rank(left) - rank(right) || left.foundMs - right.foundMs),
    unverified: () =>
      [...entries.values()].flat().filter(({ finding, failures }) => !finding && failures > 0).length,
  }
}

const nameOf = ({ operation, check, traits }: Suspicion): string => `${operation} ${check} ${traits}`

const valueOf = (call: Call, { in: place, name, pointer }: Subject): Json | undefined => {
  const whole = place === 'body' ? call.body?.value : call[place][name]
  return whole === undefined ? undefined : valueAt(whole, pointer)
}

const ranks = { critical: 0, high: 1, medium: 2, low: 3 } as const
const rank = ({ severity }: Pick<Finding, 'severity'>): number => ranks[severity]

const makeFinding = (
  session: Session,
  { scenario, exchanges }: Rerun,
  suspicion: Suspicion,
  phase: Phase,
): Finding => {
  const { check, operation, message, step } = suspicion
  const exchange = exchanges[step] ?? exchanges.at(-1)
  if (!exchange) throw new Error('a finding without an exchange')
  const steps = exchanges.filter((each) => each !== exchange)
  const earlier = exchanges.slice(0, step).toReversed()
  const later = exchanges.slice(step + 1)
  const requestIds = [exchange, ...earlier, ...later].flatMap(
    ({ response }) => response?.headers['x-request-id'] ?? [],
  )
  const { settings } = session
  return {
    check,
    severity: checkTable[check].severity,
    operation,
    status: statusOf(exchange),
    message,
    fingerprint: fingerprintOf(suspicion),
    curl: curlOf(exchange, secretsOf([settings.first, settings.second])),
    requestIds,
    phase,
    count: 1,
    foundMs: Math.round(exchange.timings.sentMs + exchange.timings.totalMs),
    what: scenario.steps[step]?.intent.what ?? '',
    exchange,
    steps,
    scenario,
  }
}

/** The same for the same fault in every run. */
export const fingerprintOf = ({
  check,
  operation,
  traits,
  marks = [],
}: Pick<Suspicion, 'check' | 'operation' | 'traits' | 'marks'>): string =>
  createHash('sha256')
    .update(`${operation}\n${check}\n${traits} ${marks.join(' ')}`)
    .digest('hex')
    .slice(0, 12)
