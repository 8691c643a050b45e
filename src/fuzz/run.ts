import { performance } from 'node:perf_hooks'
import type { LookupFunction } from 'node:net'
import { McpdError } from '../core/errors.ts'
import type { Spec } from '../openapi/spec.ts'
import type { Operation } from './api/operation.ts'
import { readApi } from './api/read-api.ts'
import type { Phase } from './call.ts'
import { createCoverageLog } from './coverage-log.ts'
import { createRandom } from './draw/random.ts'
import { createFindingLog, type FindingLog } from './finding-log.ts'
import { runPhases } from './phases/run-phases.ts'
import { progressOf } from './progress.ts'
import type { Ending, FuzzProgress, FuzzResult } from './result.ts'
import { selectOperations } from './select.ts'
import { createSender, type Sender } from './sender.ts'
import { type OperationMemory, type Session, statusOf } from './session.ts'
import type { FuzzSettings } from './settings.ts'
import { reasonsOf, warningsOf } from './warnings.ts'
import { createWireClient } from './wire/client.ts'

export interface FuzzOptions {
  readonly spec: Spec
  readonly settings: FuzzSettings
  /** The user has had enough: the result is of what was done. */
  readonly signal: AbortSignal
  readonly onProgress?: (progress: FuzzProgress) => void
  /** Operations that are not sent, and why. */
  readonly leaveOut?: (operation: Operation) => string | undefined
  /** `findingKey`s of findings that are known already. */
  readonly known?: ReadonlySet<string>
  /** Resolves the host to addresses that were checked. */
  readonly lookup?: LookupFunction
  readonly now?: () => number
}

/** Tests a target against its document. Throws SPEC_INVALID, USAGE, and SOURCE_FAILED for a target that is not there. */
export const runFuzz = async (options: FuzzOptions): Promise<FuzzResult> => {
  const { settings, signal, now = () => performance.now() } = options
  const startedAt = new Date().toISOString()
  const begun = now()
  await using open = openSession(options, now)
  const { session, log, sender, leftOut } = open
  const stopProgress = open.showProgress(options.onProgress)
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), settings.timeMs)
  const stop = (): void => open.stop()
  signal.addEventListener('abort', stop, { once: true })
  limit.signal.addEventListener('abort', stop, { once: true })

  try {
    await settings.hooks.reset?.()
    await greet(session)
    await runPhases(session, begun + settings.timeMs)
  } finally {
    clearTimeout(timer)
    stopProgress()
    signal.removeEventListener('abort', stop)
  }
  const ending: Ending = signal.aborted
    ? 'interrupted'
    : open.isGone()
      ? 'unreachable'
      : limit.signal.aborted
        ? 'time'
        : 'finished'
  const findings = log.findings()
  const isKnown = (finding: (typeof findings)[number]): boolean =>
    options.known?.has(`${finding.operation} ${finding.check} ${finding.fingerprint}`) ?? false
  const { spec } = options
  return {
    spec: { name: spec.name, title: session.api.title, version: session.api.version, sha256: spec.sha256 },
    url: settings.url.href,
    seed: settings.seed,
    startedAt,
    elapsedMs: Math.round(now() - begun),
    requests: sender.requests(),
    phases: [...session.spent].map(([phase, { requests, elapsedMs }]) => ({
      phase,
      requests,
      elapsedMs: Math.round(elapsedMs),
    })),
    ending,
    findings: findings.filter((each) => !isKnown(each)),
    known: findings.filter(isKnown),
    unverified: log.unverified(),
    coverage: session.coverage.report(reasonsOf(session)),
    warnings: [...session.api.faults, ...warningsOf(session)],
    leftOut,
  }
}

/** A target that does not answer at all is no target. */
const greet = async (session: Session): Promise<void> => {
  const [first] = session.operations
  if (!first) throw new McpdError('USAGE', 'Nothing is left to test: all operations are left out.')
  const exchange = await session.send({
    operation: first.key,
    method: 'GET',
    path: {},
    query: {},
    header: {},
    cookie: {},
    identity: 'none',
    target: '/',
  })
  if (exchange.failure?.kind === 'refused')
    throw new McpdError(
      'SOURCE_FAILED',
      `${session.settings.url.origin} cannot be reached: ${exchange.failure.message}.`,
      {
        suggestions: ['Start it, or say where it is: --url http://host:port'],
      },
    )
}

export interface OpenSession extends AsyncDisposable {
  readonly session: Session
  readonly log: FindingLog
  readonly sender: Sender
  readonly leftOut: readonly { readonly operation: string; readonly reason: string }[]
  stop(): void
  isGone(): boolean
  showProgress(show: ((progress: FuzzProgress) => void) | undefined): () => void
}

const progressEveryMs = 250
/** So many refused connections in a row, and the target is taken to be gone. */
const refusedMax = 40

/** Everything a run needs, also a run of a single scenario. */
export const openSession = (
  { spec, settings, leaveOut, lookup }: FuzzOptions,
  now: () => number,
): OpenSession => {
  const api = readApi(spec)
  const chosen = selectOperations(api, settings.include, settings.exclude)
  const leftOut = chosen.flatMap((operation) => {
    const reason = leaveOut?.(operation)
    return reason === undefined ? [] : [{ operation: operation.key, reason }]
  })
  const operations = chosen.filter(({ key }) => !leftOut.some((each) => each.operation === key))
  const controller = new AbortController()
  const client = createWireClient({
    url: settings.url,
    connections: Math.max(settings.workers * 2, 8),
    now,
    ...(lookup && { lookup }),
  })
  const sender = createSender({ settings, client, now, signal: controller.signal })
  const memories = new Map<string, OperationMemory>()
  let refused = 0
  let isGone = false
  const memory = (operation: Operation): OperationMemory => {
    const known = memories.get(operation.key)
    if (known) return known
    const made: OperationMemory = {
      operation,
      requests: 0,
      successes: 0,
      spentMs: 0,
      timeouts: 0,
      statuses: new Map(),
      producers: new Map(),
    }
    memories.set(operation.key, made)
    return made
  }
  const session: Session = {
    api,
    settings,
    signal: controller.signal,
    now,
    random: createRandom(settings.seed),
    coverage: createCoverageLog(operations),
    operations,
    memory,
    refusalSigns: new Set(),
    spent: new Map(),
    readers: new Map(),
    phase: 'probe' satisfies Phase,
    send: async (call, options) => {
      const operation = api.byKey.get(call.operation)
      if (!operation) throw new McpdError('SPEC_INVALID', `The document has no ${call.operation}.`)
      const exchange = await sender.send(operation, call, options)
      // What the end of the run cut off says nothing of the operation.
      if (exchange.failure?.kind === 'stopped') return exchange
      const own = memory(operation)
      const status = statusOf(exchange)
      own.requests++
      own.spentMs += exchange.timings.totalMs
      own.statuses.set(status, (own.statuses.get(status) ?? 0) + 1)
      if (status >= 200 && status < 300) own.successes++
      if (exchange.failure?.kind === 'timeout') own.timeouts++
      refused = exchange.failure?.kind === 'refused' ? refused + 1 : 0
      if (refused >= refusedMax) {
        isGone = true
        controller.abort()
      }
      return exchange
    },
    suspect: (scenario, exchanges, suspicions) => log.suspect(scenario, exchanges, suspicions),
  }
  const log = createFindingLog(() => session)
  return {
    session,
    log,
    sender,
    leftOut,
    stop: () => controller.abort(),
    isGone: () => isGone,
    showProgress: (show) => {
      if (!show) return () => undefined
      const begun = now()
      const timer = setInterval(
        () =>
          show(
            progressOf(session, {
              findings: log.findings(),
              requests: sender.requests(),
              elapsedMs: now() - begun,
              leftOut,
            }),
          ),
        progressEveryMs,
      )
      return () => clearInterval(timer)
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}
