import type { Fault } from '../../../fixtures/fuzz/framework/types.ts'

/** What a tool says it found, reduced to what can be compared. */
export interface Seen {
  readonly operation: string
  readonly check: string
  /** 0 where there was no answer; undefined where the tool does not say. */
  readonly status?: number
}

export interface Score {
  /** Ids of the faults that were found. */
  readonly found: readonly string[]
  /** Findings that no fault accounts for. */
  readonly alarms: readonly Seen[]
  readonly findings: number
}

const pathOf = (operation: string): string => operation.slice(operation.indexOf(' ') + 1)

/** What Schemathesis calls all operations of its stateful phase together. */
const anyOperation = 'Stateful tests'

/** A method that nothing describes is at fault for its path, whatever method the finding is filed under. */
const isAt = (operation: string, check: string, seen: Seen): boolean =>
  check === seen.check &&
  (seen.operation === anyOperation ||
    (check === 'unsupported_method'
      ? pathOf(operation) === pathOf(seen.operation)
      : operation === seen.operation))

/** Further signs of the same fault, which no service of its own accounts for: a crash is also a status that nobody documented. */
const isEcho = ({ seen, also = [] }: Fault, { operation, check, status }: Seen): boolean =>
  also.some(([at, of]) => at === operation && of === check) ||
  seen.some(
    ([at, of]) =>
      at === operation &&
      ((of === 'not_a_server_error' &&
        (status === undefined ? check === 'status_code_conformance' : status >= 500)) ||
        (of === 'ignored_auth' &&
          (check === 'missing_required_header' || check === 'negative_data_rejection'))),
  )

/**
 * Holds findings against the known faults by operation × check. One finding proves one fault, so that two faults of the
 * same operation and check need two findings.
 */
export const scoreOf = (faults: readonly Fault[], seen: readonly Seen[]): Score => {
  const provedBy = new Map<number, Fault>()
  const prove = (fault: Fault, tried: Set<number>): boolean => {
    for (const [at, each] of seen.entries()) {
      if (tried.has(at) || !fault.seen.some(([operation, check]) => isAt(operation, check, each))) continue
      tried.add(at)
      const holder = provedBy.get(at)
      if (holder === undefined || prove(holder, tried)) {
        provedBy.set(at, fault)
        return true
      }
    }
    return false
  }
  const found = faults.filter((fault) => prove(fault, new Set())).map(({ id }) => id)
  const alarms = seen.filter(
    (each) =>
      !faults.some(
        (fault) =>
          fault.seen.some(([operation, check]) => isAt(operation, check, each)) || isEcho(fault, each),
      ),
  )
  return { found, alarms, findings: seen.length }
}
