import { styleText } from 'node:util'
import { isMcpdError } from '../../core/errors.ts'
import { printable } from '../printable.ts'

export type State = 'ok' | 'warn' | 'fail'

/** What one look came to: a line for people, and what to do unless all is well. */
export interface Judgement {
  readonly state: State
  readonly detail: string
  readonly remedy?: string
}

export interface CheckResult extends Judgement {
  readonly check: string
}

export interface Check {
  readonly name: string
  /** Throws for what kept it from looking. */
  readonly run: (signal: AbortSignal) => Promise<Judgement | readonly CheckResult[]>
}

export interface RunOptions {
  readonly signal: AbortSignal
  /** For each check. */
  readonly limitMs: number
}

/** Runs all checks at once; the results are in the order of the checks. Throws only the signal's reason. */
export const runChecks = async (
  checks: readonly Check[],
  { signal, limitMs }: RunOptions,
): Promise<readonly CheckResult[]> => {
  const results = await Promise.all(checks.map((check) => runOne(check, signal, limitMs)))
  signal.throwIfAborted()
  return results.flat()
}

const runOne = async (
  { name, run }: Check,
  interrupted: AbortSignal,
  limitMs: number,
): Promise<readonly CheckResult[]> => {
  const limit = new AbortController()
  const signal = AbortSignal.any([interrupted, limit.signal])
  const { promise: stopped, resolve: stop } = Promise.withResolvers<Judgement>()
  const onAbort = (): void =>
    stop({
      state: 'fail',
      detail: `nothing was found out within ${limitMs / 1000} s`,
      remedy: 'Run it again; if it stays so, the machine is very busy or a file system hangs.',
    })
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(() => limit.abort(), limitMs)
  try {
    const judged = await Promise.race([run(signal), stopped])
    return 'state' in judged ? [{ check: name, ...judged }] : judged
  } catch (error) {
    return [{ check: name, state: 'fail', ...explain(error) }]
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

/** An error as a detail and a remedy. */
export const explain = (error: unknown): { readonly detail: string; readonly remedy?: string } => {
  const detail = error instanceof Error ? error.message : String(error)
  const suggestions = isMcpdError(error) ? (error.details.suggestions ?? []) : []
  const isConfig = isMcpdError(error) && error.code === 'CONFIG_INVALID'
  const remedies =
    suggestions.length === 0 && isConfig
      ? ['Correct it; mcpd config validate says when it is right.']
      : suggestions
  return { detail, ...(remedies.length > 0 && { remedy: remedies.join(' ') }) }
}

/** A line per check, and what to do below those that are not well. */
export const formatResults = (results: readonly CheckResult[], output: NodeJS.WriteStream): string => {
  const width = Math.max(...results.map(({ check }) => check.length))
  return results
    .map(({ check, state, detail, remedy }) => {
      const mark = styleText(colours[state], state.padEnd(4), { stream: output })
      const line = `${mark}  ${check.padEnd(width)}  ${oneLine(detail)}`
      return remedy === undefined || state === 'ok' ? line : `${line}\n      -> ${oneLine(remedy)}`
    })
    .join('\n')
}

const colours = { ok: 'green', warn: 'yellow', fail: 'red' } as const

const oneLine = (text: string): string => printable(text).replaceAll(/\s*\n\s*/g, ' ')
