import { McpdError } from '../../core/errors.ts'
import type { FuzzConfig } from '../../core/fuzz-config.ts'
import { loadDocument } from '../../openapi/load.ts'
import { openSpec, type Spec } from '../../openapi/spec.ts'
import { destructiveReason } from '../../fuzz/destructive.ts'
import type { FuzzProgress, FuzzResult } from '../../fuzz/result.ts'
import { runFuzz } from '../../fuzz/run.ts'
import type { FuzzSettings } from '../../fuzz/settings.ts'
import { repositoryCache } from '../specs/crawl-plan.ts'
import { readSide } from '../specs/diff-inputs.ts'
import { specPlace } from '../specs/spec-place.ts'
import { readBaseline } from './baseline.ts'
import { withConfig } from './config-flags.ts'
import { exitCodeOf } from './exit.ts'
import { logInBy } from './log-in.ts'
import { startOwnDaemon } from './own-daemon.ts'
import { type FuzzFlags, settingsOf } from './settings-of.ts'
import { type GuardedTarget, guardTarget, ownServer, sharedUse } from './target.ts'

export interface FuzzRun {
  /** File, URL, `-` or spec@version; undefined tests a daemon of our own. */
  readonly spec: string | undefined
  readonly flags: FuzzFlags & {
    readonly config?: string | undefined
    readonly store?: string | undefined
    readonly 'state-dir'?: string | undefined
  }
  readonly env: NodeJS.ProcessEnv
  /** Lines for people while it runs. */
  readonly tell: (text: string) => void
  readonly onProgress: (progress: FuzzProgress) => void
  readonly signal: AbortSignal
}

export interface FuzzOutcome {
  readonly result: FuzzResult
  /** The exit code, by what flags and config say. */
  readonly exitFor: (result: FuzzResult) => number
}

/** Does what the command line says. Throws USAGE, SPEC_INVALID, SPEC_NOT_FOUND, SOURCE_FAILED. */
export const fuzz = async (given: FuzzRun): Promise<FuzzOutcome> => {
  const run = { ...given, flags: withConfig(given.flags, specPlace(given.flags).config.fuzz) }
  return { result: await fuzzNamed(run), exitFor: (result) => exitCodeOf(result, run.flags['fail-on']) }
}

const fuzzNamed = async (run: FuzzRun): Promise<FuzzResult> => {
  if (run.spec !== undefined) return fuzzTarget(run, run.spec)
  if (run.flags.url !== undefined)
    return fuzzTarget(run, new URL('openapi.json', folderOf(run.flags.url)).href)
  run.tell('Starts a daemon with a stand-in backend, and tests its API.')
  await using daemon = await startOwnDaemon(run.signal)
  const own: FuzzRun = { ...run, flags: { ...run.flags, url: daemon.url.href, 'allow-destructive': true } }
  return await fuzzTarget(own, new URL('openapi.json', daemon.url).href)
}

const folderOf = (url: string): URL => {
  if (!URL.canParse(url)) throw new McpdError('USAGE', `"${url}" is no URL.`)
  return new URL(url.endsWith('/') ? url : `${url}/`)
}

const fuzzTarget = async (
  { flags, env, tell, onProgress, signal }: FuzzRun,
  word: string,
): Promise<FuzzResult> => {
  const { config, store } = specPlace(flags)
  const { raw, label } = await readSide(word, {
    store,
    cwd: process.cwd(),
    cacheDir: repositoryCache(config),
    input: process.stdin,
    signal,
    hosts: flags['allow-host'] ?? [],
  })
  const spec = openSpec(loadDocument(raw, label))
  refuseUnreadable(spec)
  const target = await guardTarget(
    flags.url === undefined ? ownServer(spec, word) : folderOf(flags.url),
    flags['allow-host'] ?? [],
  )
  const shared = flags['allow-destructive']
    ? undefined
    : sharedUse(target.url, spec, config.backends, flags, env)
  const settings = await withLogins(await settingsOf(flags, target.url, env), config.fuzz, target, signal)
  const known = flags.baseline === undefined ? undefined : await readBaseline(flags.baseline, new Date())
  if (shared !== undefined)
    tell(
      `${target.url.host} is ${shared}: what deletes, fetches, creates or loads models, changes the configuration or stops it is left out; --allow-destructive does not.`,
    )
  return runFuzz({
    spec,
    settings,
    signal,
    onProgress,
    lookup: target.lookup,
    ...(known && { known }),
    ...(shared !== undefined && { leaveOut: destructiveReason }),
  })
}

/** Credentials that a request gives are asked for before the run, and again when they are no longer taken. */
export const withLogins = async (
  settings: FuzzSettings,
  { login, login2 }: FuzzConfig,
  target: GuardedTarget,
  signal: AbortSignal,
): Promise<FuzzSettings> => {
  const [logIn, logInSecond] = [login && logInBy(login, target), login2 && logInBy(login2, target)]
  return {
    ...settings,
    ...(logIn && { logIn, first: await logIn(signal) }),
    ...(logInSecond && { logInSecond, second: await logInSecond(signal) }),
  }
}

/** What says of itself that it is no OpenAPI document is not guessed at. */
const refuseUnreadable = (spec: Spec): void => {
  const fault = spec.health().find(({ id, level }) => id === 'unsupported-version' && level === 'error')
  if (fault && spec.document['paths'] === undefined)
    throw new McpdError('SPEC_INVALID', `${spec.name} is no OpenAPI document: ${fault.message}`)
}
