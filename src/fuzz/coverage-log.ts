import type { Operation } from './api/operation.ts'
import { valueAt } from '../openapi/pointer.ts'
import type { Call, Intent, Subject } from './call.ts'
import type { Coverage, OperationCoverage, Share } from './coverage.ts'
import type { Exchange } from './exchange.ts'

/** Counts what a run reaches while it runs. */
export interface CoverageLog {
  /** A place of a request schema whose keyword has a valid and maybe an invalid side on the wire. */
  expect(operation: Operation, subject: Subject, hasInvalid: boolean): void
  note(operation: Operation, intent: Intent, call: Call, exchange: Exchange): void
  /** A call whose every part is valid: all keywords of what is in it have been seen on their valid side. */
  noteValid(operation: Operation, call: Call): void
  report(reasons: ReadonlyMap<string, string>): Coverage
}

interface Side {
  readonly subject: Subject
  valid: boolean
  invalid: boolean
  hasInvalid: boolean
}

interface Entry {
  requests: number
  readonly statuses: Map<number, number>
  readonly sent: Set<string>
  readonly keywords: Map<string, Side>
  readonly responses: Set<string>
}

export const createCoverageLog = (operations: readonly Operation[]): CoverageLog => {
  const entries = new Map<string, Entry>()
  const entryOf = ({ key }: Operation): Entry => {
    const known = entries.get(key)
    if (known) return known
    const entry: Entry = {
      requests: 0,
      statuses: new Map(),
      sent: new Set(),
      keywords: new Map(),
      responses: new Set(),
    }
    entries.set(key, entry)
    return entry
  }
  return {
    expect: (operation, subject, hasInvalid) => {
      const { keywords } = entryOf(operation)
      const place = placeOf(subject)
      const known = keywords.get(place)
      if (known) known.hasInvalid ||= hasInvalid
      else keywords.set(place, { subject, valid: false, invalid: false, hasInvalid })
    },
    noteValid: (operation, call) => {
      for (const side of entryOf(operation).keywords.values())
        if (!side.valid && isIn(call, side.subject)) side.valid = true
    },
    note: (operation, { expect, subject }, call, exchange) => {
      const entry = entryOf(operation)
      const status = exchange.response?.status ?? 0
      entry.requests++
      entry.statuses.set(status, (entry.statuses.get(status) ?? 0) + 1)
      for (const each of sentParameters(call)) entry.sent.add(each)
      for (const written of [String(status), `${Math.floor(status / 100)}XX`, 'default'])
        if (operation.responses.has(written)) {
          entry.responses.add(written)
          break
        }
      const side = subject && entry.keywords.get(placeOf(subject))
      if (expect === 'valid' && subject)
        for (const other of entry.keywords.values())
          if (
            !other.valid &&
            other.subject.pointer === subject.pointer &&
            other.subject.name === subject.name &&
            other.subject.in === subject.in &&
            isIn(call, subject)
          )
            other.valid = true
      if (side && expect === 'valid') side.valid = true
      if (side && expect === 'invalid') side.invalid = true
    },
    report: (reasons) => summarise(operations, entryOf, reasons),
  }
}

const isIn = (call: Call, { in: place, name, pointer }: Subject): boolean => {
  const whole = place === 'body' ? call.body?.value : call[place][name]
  return whole !== undefined && valueAt(whole, pointer) !== undefined
}

const sentParameters = (call: Call): readonly string[] => [
  ...(['path', 'query', 'header', 'cookie'] as const).flatMap((place) =>
    Object.keys(call[place]).map((name) => `${place} ${name}`),
  ),
  ...(call.body ? ['body'] : []),
]

/** `body /items/name minLength`, `query limit maximum`. */
export const placeOf = (subject: NonNullable<Intent['subject']>): string =>
  [subject.in, subject.name, subject.pointer.replaceAll(/\/\d+(?=\/|$)/g, '/*'), subject.keyword]
    .filter((part) => part !== '')
    .join(' ')

export const parametersOf = (operation: Operation): readonly string[] => [
  ...operation.parameters.map((each) => `${each.in} ${each.name}`),
  ...(operation.body ? ['body'] : []),
]

const summarise = (
  operations: readonly Operation[],
  entryOf: (operation: Operation) => Entry,
  reasons: ReadonlyMap<string, string>,
): Coverage => {
  const all = operations.map((operation): OperationCoverage => {
    const entry = entryOf(operation)
    const hasSucceeded = [...entry.statuses].some(([status]) => status >= 200 && status < 300)
    const reason = reasons.get(operation.key)
    return {
      operation: operation.key,
      requests: entry.requests,
      statuses: Object.fromEntries([...entry.statuses].toSorted(([left], [right]) => left - right)),
      hasSucceeded,
      parameters: { sent: [...entry.sent].toSorted(), all: parametersOf(operation) },
      keywords: [...entry.keywords].map(([place, { valid, invalid, hasInvalid }]) => ({
        place,
        valid,
        ...(hasInvalid && { invalid }),
      })),
      responses: [...operation.responses.keys()].map((status) => ({
        status,
        seen: entry.responses.has(status),
      })),
      ...(reason !== undefined && { reason }),
    }
  })
  const share = (parts: readonly (readonly boolean[])[]): Share => {
    const flat = parts.flat()
    return { hit: flat.filter(Boolean).length, all: flat.length }
  }
  return {
    operations: all,
    totals: {
      operations: all.length,
      attempted: all.filter(({ requests }) => requests > 0).length,
      succeeded: all.filter(({ hasSucceeded }) => hasSucceeded).length,
      parameters: share(
        all.map(({ parameters }) => parameters.all.map((each) => parameters.sent.includes(each))),
      ),
      keywords: share(
        all.map(({ keywords }) =>
          keywords.flatMap(({ valid, invalid }) => (invalid === undefined ? [valid] : [valid, invalid])),
        ),
      ),
      responses: share(all.map(({ responses }) => responses.map(({ seen }) => seen))),
    },
  }
}
