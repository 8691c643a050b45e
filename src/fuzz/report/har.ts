import { type Exchange, publicHeaders } from '../exchange.ts'
import type { Finding } from '../finding.ts'
import type { FuzzResult } from '../result.ts'

/** HAR 1.2 of every exchange of every finding, the steps in the order they were made. Secrets are left out. */
export const toHar = (result: FuzzResult, version: string): object => ({
  log: {
    version: '1.2',
    creator: { name: 'mcpd', version },
    comment: `${result.spec.title} at ${result.url}, seed ${result.seed}`,
    entries: result.findings.flatMap((finding) =>
      inOrder(finding).map((exchange) => entryOf(exchange, finding, Date.parse(result.startedAt))),
    ),
  },
})

/** The exchanges of a finding as they were made. */
const inOrder = ({ exchange, steps }: Finding): readonly Exchange[] =>
  [...steps, exchange].toSorted((left, right) => left.timings.sentMs - right.timings.sentMs)

const entryOf = (exchange: Exchange, finding: Finding, beganMs: number): object => {
  const { request, response, failure, timings } = exchange
  return {
    startedDateTime: new Date(beganMs + timings.sentMs).toISOString(),
    time: timings.totalMs,
    request: {
      method: request.method,
      url: request.url,
      httpVersion: 'HTTP/1.1',
      cookies: [],
      headers: pairs(publicHeaders(request.headers)),
      queryString: queryOf(request.url),
      ...(request.body !== undefined && {
        postData: {
          mimeType: request.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '',
          text: request.body,
          ...(request.bodyEncoding === 'base64' && { comment: 'base64' }),
        },
      }),
      headersSize: -1,
      bodySize:
        request.body === undefined ? 0 : Buffer.byteLength(request.body, request.bodyEncoding ?? 'utf8'),
    },
    response: {
      // HAR knows no other way to say that there was no answer.
      status: response?.status ?? 0,
      statusText: '',
      httpVersion: 'HTTP/1.1',
      cookies: [],
      headers: pairs(publicHeaders(Object.entries(response?.headers ?? {}))),
      content: {
        size: response?.bodyBytes ?? 0,
        mimeType: response?.headers['content-type'] ?? '',
        text: response?.body ?? '',
      },
      redirectURL: response?.headers['location'] ?? '',
      headersSize: -1,
      bodySize: response?.bodyBytes ?? -1,
      ...(failure && { _error: failure.message }),
    },
    cache: {},
    timings: { send: 0, wait: timings.headMs, receive: Math.max(0, timings.totalMs - timings.headMs) },
    _finding: {
      operation: finding.operation,
      check: finding.check,
      fingerprint: finding.fingerprint,
      isFailing: exchange === finding.exchange,
    },
  }
}

const pairs = (headers: readonly (readonly [string, string])[]): object[] =>
  headers.map(([name, value]) => ({ name, value }))

/** As they are in the URL: what cannot be decoded is shown as it was sent. */
const queryOf = (url: string): object[] => {
  const at = url.indexOf('?')
  if (at < 0) return []
  return [...new URLSearchParams(url.slice(at + 1))].map(([name, value]) => ({ name, value }))
}
