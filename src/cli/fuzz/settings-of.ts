import { randomInt } from 'node:crypto'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { nearest } from '../../client/nearest.ts'
import { McpdError } from '../../core/errors.ts'
import { parseDuration } from '../../core/quantity.ts'
import { type Phase, phases } from '../../fuzz/call.ts'
import { type Check, checks, isCheck } from '../../fuzz/check.ts'
import type { FuzzHooks, FuzzSettings } from '../../fuzz/settings.ts'
import { readCredentials, readHeader } from './credentials.ts'

export interface FuzzFlags {
  readonly url?: string | undefined
  readonly auth?: string | undefined
  readonly auth2?: string | undefined
  readonly header?: readonly string[] | undefined
  readonly 'allow-host'?: readonly string[] | undefined
  readonly 'allow-destructive'?: boolean | undefined
  readonly time?: string | undefined
  readonly 'max-examples'?: number | undefined
  readonly seed?: number | undefined
  readonly phases?: string | undefined
  readonly include?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
  readonly rate?: string | undefined
  readonly workers?: number | undefined
  readonly timeout?: string | undefined
  readonly 'max-tokens'?: number | undefined
  readonly hooks?: string | undefined
  readonly checks?: string | undefined
  readonly 'max-response-time'?: string | undefined
  readonly 'fail-on'?: string | undefined
  readonly baseline?: string | undefined
}

/** What the flags say, checked. Throws USAGE. */
export const settingsOf = async (
  flags: FuzzFlags,
  url: URL,
  env: NodeJS.ProcessEnv,
): Promise<FuzzSettings> => ({
  url,
  ...(flags.auth !== undefined && { first: readCredentials(flags.auth, '--auth', env) }),
  ...(flags.auth2 !== undefined && { second: readCredentials(flags.auth2, '--auth2', env) }),
  headers: (flags.header ?? []).map(readHeader),
  timeMs: durationOf(flags.time ?? '60s', '--time'),
  // Who says how long it may take wants the time used.
  examplesMax: flags['max-examples'] ?? (flags.time === undefined ? 100 : Infinity),
  seed: flags.seed ?? randomInt(1, 2 ** 31),
  phases: new Set(flags.phases === undefined ? phases : readPhases(flags.phases)),
  checks: readChecks(flags.checks),
  include: flags.include ?? [],
  exclude: flags.exclude ?? [],
  ratePerSecond: flags.rate === undefined ? Infinity : readRate(flags.rate),
  workers: flags.workers ?? 8,
  answerMaxMs: durationOf(flags.timeout ?? '5s', '--timeout'),
  modelAnswerMaxMs: durationOf(flags.timeout ?? '60s', '--timeout'),
  ...(flags['max-response-time'] !== undefined && {
    slowMs: durationOf(flags['max-response-time'], '--max-response-time'),
  }),
  tokensMax: flags['max-tokens'] ?? 16,
  hooks: flags.hooks === undefined ? {} : await loadHooks(flags.hooks),
})

const durationOf = (text: string, flag: string): number => {
  try {
    return parseDuration(text)
  } catch (error) {
    throw new McpdError('USAGE', `${flag}: ${(error as Error).message}`, {}, error)
  }
}

const isPhase = (name: string): name is Phase => phases.some((each) => each === name)

const readPhases = (text: string): readonly Phase[] =>
  text.split(',').map((word) => {
    const name = word.trim()
    if (isPhase(name)) return name
    throw new McpdError('USAGE', `There is no phase "${name}": ${phases.join(', ')}.`)
  })

/** `a,b` are the only ones, `-a,-b` all but those. */
const readChecks = (text: string | undefined): ReadonlySet<Check> => {
  if (text === undefined) return new Set(checks)
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
  const named = words.map((word): Check => {
    const name = word.replace(/^-/, '')
    if (isCheck(name)) return name
    const close = nearest(name, checks)
    throw new McpdError('USAGE', `There is no check "${name}".`, {
      suggestions: [close === undefined ? `There are ${checks.join(', ')}.` : `Did you mean "${close}"?`],
    })
  })
  const isWithout = words.every((word) => word.startsWith('-'))
  return isWithout
    ? new Set(checks.filter((check) => !named.includes(check)))
    : new Set(named.filter((_, at) => !words[at]?.startsWith('-')))
}

const readRate = (text: string): number => {
  const [, count, unit = 's'] = /^(\d+(?:\.\d+)?)(?:\/([smh]))?$/.exec(text) ?? []
  const seconds = unit === 's' ? 1 : unit === 'm' ? 60 : 3600
  if (count === undefined || Number(count) <= 0)
    throw new McpdError('USAGE', 'A --rate is written as 50, 100/m or 1000/h.')
  return Number(count) / seconds
}

const loadHooks = async (path: string): Promise<FuzzHooks> => {
  let module: Record<string, unknown>
  try {
    module = (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>
  } catch (error) {
    throw new McpdError(
      'USAGE',
      `The hooks in ${path} cannot be loaded: ${(error as Error).message}`,
      {},
      error,
    )
  }
  const hooks = Object.fromEntries(
    ['beforeRequest', 'afterResponse', 'reset']
      .filter((name) => typeof module[name] === 'function')
      .map((name) => [name, module[name]]),
  )
  if (Object.keys(hooks).length === 0)
    throw new McpdError('USAGE', `${path} exports none of beforeRequest, afterResponse and reset.`)
  return hooks
}
