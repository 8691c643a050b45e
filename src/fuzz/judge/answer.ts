import { isJsonType, isStreamType, type Operation, type ResponseSpec, responseOf } from '../api/operation.ts'
import type { Intent } from '../call.ts'
import type { Exchange, WireResponse } from '../exchange.ts'
import { acceptsOnWire } from '../wire/readings.ts'
import { jsonOf } from '../session.ts'
import { errorText } from './masked.ts'
import { anyItem, breachOf } from './schema.ts'
import { judgeStream } from './stream.ts'
import type { Suspicion } from './suspicion.ts'

/** What can be held against an answer whatever was asked: crashes, and what contradicts the document. */
export const judgeAnswer = (
  operation: Operation,
  intent: Intent,
  exchange: Exchange,
  step: number,
): readonly Suspicion[] => {
  const { response, failure } = exchange
  const of = (
    check: Suspicion['check'],
    message: string,
    traits: string,
    marks?: readonly string[],
  ): Suspicion => ({
    check,
    operation: operation.key,
    step,
    message,
    traits,
    ...(marks && { marks }),
  })
  if (failure && failure.kind !== 'stopped')
    return failure.kind === 'refused' || failure.message.startsWith('not sent')
      ? []
      : [of('network_error', `No whole answer: ${failure.message}.`, failure.kind, marksOf(intent))]
  if (!response || failure) return []
  const found: Suspicion[] = []
  const trace = stackTraceIn(response.body)
  if (isServerError(operation, response))
    found.push(
      of(
        'not_a_server_error',
        `Answered ${response.status}${about(intent)}.`,
        `${response.status} ${errorText(jsonOf(exchange), response.body)}`,
        marksOf(intent),
      ),
    )
  if (trace !== undefined) found.push(of('stack_trace_leak', `The answer shows ${trace}.`, 'trace'))
  // The quota of a service is its own affair, and answered before anything else.
  if (isPassing(response)) return found
  if (exchange.request.method !== operation.method) return found
  return [...found, ...judgeContract(operation, intent, exchange, response, of)]
}

type Of = (check: Suspicion['check'], message: string, traits: string, marks?: readonly string[]) => Suspicion

export const about = ({ what, subject, expect }: Intent): string =>
  subject && subject.keyword !== ''
    ? ` to ${expect === 'invalid' ? 'invalid' : expect === 'valid' ? 'valid' : 'odd'} data (${what}${placeText(subject)})`
    : ''

const placeText = ({ in: place, name, pointer }: NonNullable<Intent['subject']>): string =>
  ` in ${[place, name, pointer].filter((part) => part !== '').join(' ')}`

/** Two faults that share a place or a class of values are taken to be one. */
const marksOf = ({ subject, what }: Intent): readonly string[] =>
  subject
    ? [
        `at ${subject.in} ${subject.name} ${anyItem(subject.pointer)}`,
        `by ${subject.keyword} ${['text', 'unicode', 'edge', 'syntax'].includes(subject.keyword) ? what : ''}`,
      ]
    : ['a combination']

/** 503 with a time to come back at is a quota, and so are the gateway's own where a model endpoint documents them. */
const isServerError = (operation: Operation, { status, headers }: WireResponse): boolean => {
  if (status < 500) return false
  if (status === 503 && headers['retry-after'] !== undefined) return false
  return !(operation.isModel && status > 500 && operation.responses.has(String(status)))
}

const isPassing = ({ status, headers }: WireResponse): boolean =>
  status === 503 && headers['retry-after'] !== undefined

/** Refusals of the protocol, which no document has to list for requests that are not what it describes. */
const protocolRefusals = new Set([400, 405, 406, 408, 411, 413, 414, 415, 417, 421, 422, 426, 431])

const isProtocol = ({ subject, expect }: Intent): boolean =>
  subject !== undefined &&
  (expect === 'unknown' ||
    ['syntax', 'media-type', 'header', 'method', 'auth', 'negotiation'].includes(subject.keyword))

const judgeContract = (
  operation: Operation,
  intent: Intent,
  exchange: Exchange,
  response: WireResponse,
  of: Of,
): readonly Suspicion[] => {
  // Written by the parser before any operation is known.
  if ([408, 414, 431].includes(response.status) || (isProtocol(intent) && response.status === 413)) return []
  const documented = responseOf(operation, response.status)
  if (response.status === 429 && !operation.responses.has('429')) return []
  if (!documented) {
    if (operation.responses.size === 0 || response.status >= 500) return []
    if (
      isProtocol(intent) &&
      (protocolRefusals.has(response.status) || response.status === 401 || response.status === 403)
    )
      return []
    if (response.status === 304 || response.status === 431 || response.status === 414) return []
    const known = [...operation.responses.keys()].join(', ')
    return [
      of(
        'status_code_conformance',
        `Answered ${response.status}, which is not among ${known}${about(intent)}.`,
        String(response.status),
      ),
    ]
  }
  return [
    ...judgeHeaders(documented, response, of),
    ...judgeBody(operation, documented, exchange, response, of),
  ]
}

const judgeHeaders = (
  { headers, status }: ResponseSpec,
  response: WireResponse,
  of: Of,
): readonly Suspicion[] =>
  headers.flatMap(({ name, required, view }) => {
    const value = response.headers[name]
    if (value === undefined)
      return required
        ? [
            of(
              'response_headers_conformance',
              `The header ${name} is missing from the answer ${response.status}.`,
              `${status} ${name} missing`,
            ),
          ]
        : []
    return acceptsOnWire(view, value) || acceptsOnWire(view, value.split(', ')[0] ?? value)
      ? []
      : [
          of(
            'response_headers_conformance',
            `The header ${name} of the answer ${response.status} breaks its schema: "${value.slice(0, 80)}".`,
            `${status} ${name}`,
          ),
        ]
  })

const typeOf = (response: WireResponse): string =>
  (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''

const matches = (documented: string, type: string): boolean => {
  if (documented === '*/*' || documented === type) return true
  const [main, sub] = documented.split('/')
  return sub === '*' && type.startsWith(`${main}/`)
}

const judgeBody = (
  operation: Operation,
  { content, status }: ResponseSpec,
  exchange: Exchange,
  response: WireResponse,
  of: Of,
): readonly Suspicion[] => {
  if (
    content.length === 0 ||
    operation.method === 'HEAD' ||
    response.status === 204 ||
    response.status === 304
  )
    return []
  const type = typeOf(response)
  const names = content.map((each) => each.type).join(', ')
  if (type === '')
    return response.bodyBytes === 0 && content.every(({ view }) => !view)
      ? []
      : [
          of(
            'content_type_conformance',
            `The answer ${response.status} has no Content-Type; documented: ${names}.`,
            `${status} missing`,
          ),
        ]
  const documented = content.find((each) => matches(each.type, type))
  if (!documented)
    return [
      of(
        'content_type_conformance',
        `The answer ${response.status} is ${type}; documented: ${names}.`,
        `${status} ${type}`,
      ),
    ]
  if (response.isCut) return []
  if (isStreamType(type)) return judgeStream(operation, documented, exchange, of)
  if (!isJsonType(type) || !documented.view) return []
  const answer = jsonOf(exchange)
  if (answer === undefined)
    return [
      of(
        'response_schema_conformance',
        `The body of the answer ${response.status} is no JSON.`,
        `${status} syntax`,
      ),
    ]
  const breach = breachOf(documented.view, answer)
  if (!breach) return []
  const place = anyItem(breach.pointer)
  return [
    of(
      'response_schema_conformance',
      `The body of the answer ${response.status} breaks its schema at ${place || 'its root'}: ${breach.message} (${breach.keyword}).`,
      `${status} ${place} ${breach.keyword}`,
    ),
  ]
}

const traces: readonly (readonly [RegExp, string])[] = [
  [/^\s*(\\n)?\s*at .{1,200}\(?[^()\s]+\.(js|ts|mjs|cjs):\d+:\d+\)?/m, 'a stack trace of JavaScript'],
  [/\\n\s+at [^\\]{1,200}(\.(js|ts|mjs|cjs)|node:[\w/]+):\d+:\d+/, 'a stack trace of JavaScript'],
  [/Traceback \(most recent call last\)|File \\?"[^"\\]+\.py\\?", line \d+/, 'a stack trace of Python'],
  [/\bat [\w$.]+\([\w$]+\.(java|kt|scala):\d+\)/, 'a stack trace of Java'],
  [/goroutine \d+ \[|\.go:\d+ \+0x/, 'a stack trace of Go'],
  [/\bin [\w.<>]+\(.*\) in .+\.cs:line \d+/, 'a stack trace of .NET'],
  [/[\w/]+\.rb:\d+:in `|panicked at .+\.rs:\d+/, 'a stack trace'],
  [
    /\b(SQLSTATE\[|ORA-\d{5}|PG::\w+Error|SQLITE_ERROR|syntax error at or near|You have an error in your SQL syntax)/,
    'a message of the database',
  ],
]

const stackTraceIn = (body: string): string | undefined => {
  if (!/\bat |Traceback|\.py|goroutine|\.cs:|\.rb:|panicked|SQL|ORA-|PG::|syntax error/.test(body))
    return undefined
  return traces.find(([pattern]) => pattern.test(body))?.[1]
}
