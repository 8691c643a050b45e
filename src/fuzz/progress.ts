import type { Finding } from './finding.ts'
import type { FuzzProgress } from './result.ts'
import type { Session } from './session.ts'

interface Now {
  readonly findings: readonly Finding[]
  readonly requests: number
  readonly elapsedMs: number
  readonly leftOut: readonly { readonly operation: string }[]
}

export const progressOf = (
  session: Session,
  { findings, requests, elapsedMs, leftOut }: Now,
): FuzzProgress => {
  const statuses: Record<string, number> = {}
  for (const operation of session.operations)
    for (const [status, count] of session.memory(operation).statuses) {
      const name = status === 0 ? '0' : `${Math.floor(status / 100)}xx`
      statuses[name] = (statuses[name] ?? 0) + count
    }
  const found = new Set(findings.map(({ operation }) => operation))
  const left = new Set(leftOut.map(({ operation }) => operation))
  return {
    phase: session.phase,
    elapsedMs,
    ...(Number.isFinite(session.settings.timeMs) && { limitMs: session.settings.timeMs }),
    requests,
    requestsPerSecond: elapsedMs > 0 ? (requests * 1000) / elapsedMs : 0,
    findings,
    statuses,
    operations: session.api.operations.map((operation) => {
      const { successes, requests: own } = session.memory(operation)
      const state = left.has(operation.key)
        ? 'left-out'
        : found.has(operation.key)
          ? 'found'
          : successes > 0
            ? 'succeeded'
            : own > 0
              ? 'attempted'
              : 'waiting'
      return { operation: operation.key, state }
    }),
  }
}
