import { checkTable } from '../check.ts'
import { type Exchange, publicHeaders } from '../exchange.ts'
import type { Finding } from '../finding.ts'
import type { FuzzResult } from '../result.ts'
import type { FuzzReport } from './schema.ts'

/** What is kept of the body of one answer. */
const bodyMaxCharacters = 16 * 1024

/** The result as `--json` prints it. */
export const reportOf = (result: FuzzResult): FuzzReport => ({
  findings: result.findings.map(reportFinding),
  known: result.known.map(({ check, operation, message, fingerprint }) => ({
    check,
    operation,
    message,
    fingerprint,
  })),
  // Counts are counts to a reader of JSON too: what is not there is left out, not null.
  coverage: structuredClone(result.coverage) as FuzzReport['coverage'],
  requests: result.requests,
  seed: result.seed,
  ending: result.ending,
  elapsedMs: Math.round(result.elapsedMs),
  startedAt: result.startedAt,
  url: result.url,
  spec: result.spec,
  phases: result.phases.map((each) => ({ ...each, elapsedMs: Math.round(each.elapsedMs) })),
  unverified: result.unverified,
  warnings: [...result.warnings],
  leftOut: result.leftOut.map((each) => ({ ...each })),
})

const reportFinding = (finding: Finding): FuzzReport['findings'][number] => {
  const { check, operation, status, message, fingerprint, curl, requestIds, severity } = finding
  const { code } = checkTable[check] as { readonly code?: number }
  return {
    check,
    operation,
    status,
    message,
    fingerprint,
    curl,
    requestIds: [...requestIds],
    severity,
    ...(code !== undefined && { code }),
    phase: finding.phase,
    what: finding.what,
    count: finding.count,
    foundMs: Math.round(finding.foundMs),
    exchange: shownExchange(finding.exchange),
    steps: finding.steps.map(shownExchange),
  }
}

export type ShownExchange = FuzzReport['findings'][number]['exchange']

/** An exchange without secrets, and with the beginning of a long body. */
export const shownExchange = ({
  operation,
  request,
  response,
  failure,
  timings,
}: Exchange): ShownExchange => ({
  operation,
  request: {
    method: request.method,
    url: request.url,
    headers: publicHeaders(request.headers).map((header) => [...header]),
    ...(request.body !== undefined && { body: request.body }),
    ...(request.bodyEncoding && { bodyEncoding: request.bodyEncoding }),
  },
  ...(response && {
    response: {
      status: response.status,
      headers: Object.fromEntries(publicHeaders(Object.entries(response.headers))),
      body: response.body.slice(0, bodyMaxCharacters),
    },
  }),
  ...(failure && { failure: { ...failure } }),
  totalMs: Math.round(timings.totalMs),
})
