import { methodsAt, type Operation } from '../api/operation.ts'
import type { Intent, Step } from '../call.ts'
import type { Exchange } from '../exchange.ts'
import { jsonOf, type Session, statusOf } from '../session.ts'
import { about, judgeAnswer } from './answer.ts'
import { anyItem } from './schema.ts'
import { judgeUsage } from './stream.ts'
import type { Suspicion } from './suspicion.ts'

/** Everything that one request and its answer show by themselves. */
export const judgeExchange = (
  session: Session,
  operation: Operation,
  step: Step,
  exchange: Exchange,
  at: number,
): readonly Suspicion[] => {
  const { intent, call } = step
  const { slowMs } = session.settings
  const found: Suspicion[] = [
    ...judgeAnswer(operation, intent, exchange, at),
    ...judgeRefusal(session, operation, intent, exchange, at),
  ]
  const of = (check: Suspicion['check'], message: string, traits: string): Suspicion => ({
    check,
    operation: operation.key,
    step: at,
    message,
    traits,
  })
  const answer = operation.isModel ? jsonOf(exchange) : undefined
  if (answer !== undefined && call.method === undefined)
    found.push(...judgeUsage(operation, [answer], exchange, of))
  if (slowMs !== undefined && exchange.response && exchange.timings.totalMs > slowMs && !operation.isModel)
    found.push(
      of(
        'max_response_time',
        `Took ${Math.round(exchange.timings.totalMs)} ms, more than ${slowMs}.`,
        'slow',
      ),
    )
  return found
}

/** Invalid data taken, required headers not missed, methods that are not there. Valid data refused needs a contrast. */
const judgeRefusal = (
  session: Session,
  operation: Operation,
  intent: Intent,
  exchange: Exchange,
  step: number,
): readonly Suspicion[] => {
  const status = statusOf(exchange)
  const { subject, expect } = intent
  if (!exchange.response || exchange.failure || !subject) return []
  const of = (
    check: Suspicion['check'],
    message: string,
    traits: string,
    marks?: readonly string[],
  ): Suspicion => ({ check, operation: operation.key, step, message, traits, ...(marks && { marks }) })
  if (subject.keyword === 'method') return judgeMethod(session, operation, intent, exchange, of)
  if (expect !== 'invalid' || status < 200 || status > 299) return []
  if (subject.keyword === 'auth') return [of('ignored_auth', `Answered ${status} to ${intent.what}.`, 'auth')]
  if (subject.in === 'header' && subject.keyword === 'required')
    return [
      of(
        'missing_required_header',
        `Answered ${status} without the required header ${subject.name}.`,
        subject.name,
      ),
    ]
  return [
    of(
      'negative_data_rejection',
      `Answered ${status}${about(intent)}.`,
      `${subject.in} ${subject.name} ${anyItem(subject.pointer)}`,
    ),
  ]
}

type Of = (check: Suspicion['check'], message: string, traits: string) => Suspicion

const judgeMethod = (
  session: Session,
  operation: Operation,
  { what }: Intent,
  exchange: Exchange,
  of: Of,
): readonly Suspicion[] => {
  const status = statusOf(exchange)
  const { method } = exchange.request
  if (status >= 500 || status === 401 || status === 403 || status === 429) return []
  // Another template of the document may have the method for this very path.
  if (method === 'OPTIONS' || methodsAt(session.api, pathBelow(session, exchange)).has(method)) return []
  if (status === 404 && operation.path.includes('{')) return []
  if (status === 501) return []
  if (status !== 405)
    return [
      of(
        'unsupported_method',
        `${what} is answered ${status} instead of 405.`,
        status < 300 ? 'taken' : 'not 405',
      ),
    ]
  return exchange.response?.headers['allow'] === undefined
    ? [of('unsupported_method', `${what} is answered 405 without Allow.`, 'no Allow')]
    : []
}

/**
 * Whether `Allow` names the methods of the document: at least those of the template, at most those of all templates that
 * match the path. HEAD and OPTIONS come with every GET.
 */
export const judgeAllow = (
  session: Session,
  operation: Operation,
  exchange: Exchange,
  step: number,
): readonly Suspicion[] => {
  const { api } = session
  const allow = exchange.response?.headers['allow']
  const status = statusOf(exchange)
  if (allow === undefined || (status !== 405 && (status < 200 || status > 299))) return []
  const own = (names: Iterable<string>): readonly string[] =>
    [...new Set([...names].map((name) => name.trim().toUpperCase()))]
      .filter((name) => name !== '' && name !== 'HEAD' && name !== 'OPTIONS')
      .toSorted()
  const said = own(allow.split(','))
  const least = own(api.methodsOf.get(operation.path) ?? [])
  const most = new Set([...least, ...methodsAt(api, pathBelow(session, exchange))])
  if (least.every((name) => said.includes(name)) && said.every((name) => most.has(name))) return []
  return [
    {
      check: 'allow_header_conformance',
      operation: operation.key,
      step,
      message: `Allow says ${said.join(', ') || 'nothing'}; the document has ${least.join(', ')}.`,
      traits: 'allow',
    },
  ]
}

/** The path that was asked for, without that of the base URL. */
const pathBelow = ({ settings }: Session, { request }: Exchange): string =>
  request.url.slice(settings.url.href.replace(/[?#].*$/, '').replace(/\/$/, '').length)
