import { readFile } from 'node:fs/promises'
import { McpdError } from '../../../core/errors.ts'
import { readApi } from '../../../fuzz/api/read-api.ts'
import { destructiveReason } from '../../../fuzz/destructive.ts'
import { replay, type Verdict } from '../../../fuzz/replay.ts'
import { readReproduction, type Reproduction } from '../../../fuzz/report/reproduction.ts'
import { loadDocument } from '../../../openapi/load.ts'
import { openSpec, type Spec } from '../../../openapi/spec.ts'
import { repositoryCache } from '../../specs/crawl-plan.ts'
import { readSide } from '../../specs/diff-inputs.ts'
import { specPlace } from '../../specs/spec-place.ts'
import { withConfig } from '../config-flags.ts'
import { withLogins } from '../run-fuzz.ts'
import { type FuzzFlags, settingsOf } from '../settings-of.ts'
import { guardTarget, sharedUse } from '../target.ts'

export interface ReplayRun {
  /** Files that `--findings` wrote. */
  readonly files: readonly string[]
  readonly flags: Pick<
    FuzzFlags,
    'url' | 'auth' | 'auth2' | 'header' | 'allow-host' | 'allow-destructive' | 'timeout' | 'hooks'
  > & {
    readonly spec?: string | undefined
    readonly config?: string | undefined
    readonly store?: string | undefined
    readonly 'state-dir'?: string | undefined
  }
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

export interface Replayed {
  readonly file: string
  readonly verdict: Verdict
  readonly check: string
  readonly operation: string
  readonly fingerprint: string
  readonly message: string
  /** The document is another one than when the finding was made. */
  readonly isOtherDocument: boolean
}

/** Replays one after the other. Throws USAGE, SPEC_INVALID, SOURCE_FAILED, and what the signal was aborted with. */
export const runReplay = async (run: ReplayRun): Promise<readonly Replayed[]> => {
  const done: Replayed[] = []
  for (const file of run.files) {
    run.signal.throwIfAborted()
    done.push(await replayFile(file, run))
  }
  return done
}

const replayFile = async (file: string, run: ReplayRun): Promise<Replayed> => {
  const { flags, env, signal } = run
  const { config } = specPlace(flags)
  const reproduction = readReproduction(await textOf(file), file)
  const url = flags.url ?? reproduction.url
  if (!URL.canParse(url)) throw new McpdError('USAGE', `"${url}" is no URL.`)
  const target = await guardTarget(new URL(url), flags['allow-host'] ?? [])
  const spec = await readSpec(reproduction, run)
  refuseDestructive(reproduction, spec, target.url, run)
  const { verdict, message, exchanges } = await replay({
    spec,
    // A seed of its own: what was made by an earlier replay is in the way of the same again.
    settings: await withLogins(
      await settingsOf({ ...withConfig(flags, config.fuzz), url, seed: undefined }, target.url, env),
      config.fuzz,
      target,
      signal,
    ),
    reproduction,
    signal,
    lookup: target.lookup,
  })
  const refused = exchanges.find(({ failure }) => failure?.kind === 'refused')
  if (refused)
    throw new McpdError(
      'SOURCE_FAILED',
      `${target.url.origin} cannot be reached: ${refused.failure?.message}.`,
      {
        suggestions: ['Start it, or say where it is: --url http://host:port'],
      },
    )
  const { check, operation, fingerprint } = reproduction
  return {
    file,
    verdict,
    check,
    operation,
    fingerprint,
    message,
    isOtherDocument: spec.sha256 !== reproduction.spec.sha256,
  }
}

const textOf = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new McpdError('USAGE', `${file} cannot be read: ${(error as Error).message}`, {}, error)
  }
}

/** The document of the finding, from where it was, or the one that was given. */
const readSpec = async ({ spec }: Reproduction, { flags, signal }: ReplayRun): Promise<Spec> => {
  const { config, store } = specPlace(flags)
  const { raw, label } = await readSide(flags.spec ?? spec.name, {
    store,
    cwd: process.cwd(),
    cacheDir: repositoryCache(config),
    input: process.stdin,
    signal,
    hosts: flags['allow-host'] ?? [],
  })
  return openSpec(loadDocument(raw, label))
}

/** What a run leaves out is not done by a replay either. */
const refuseDestructive = (
  { scenario }: Reproduction,
  spec: Spec,
  url: URL,
  { flags, env }: ReplayRun,
): void => {
  if (flags['allow-destructive'] === true) return
  const { config } = specPlace(flags)
  const shared = sharedUse(url, spec, config.backends, flags, env)
  if (shared === undefined) return
  const { byKey } = readApi(spec)
  for (const { call } of scenario.steps) {
    const operation = byKey.get(call.operation)
    const reason = operation && destructiveReason(operation)
    if (reason !== undefined)
      throw new McpdError('USAGE', `${url.host} is ${shared}, and ${call.operation} ${reason}.`, {
        suggestions: ['If that may be: --allow-destructive'],
      })
  }
}

/** 1 where something still fails, else 4 where something drifted, else 0. */
export const exitCodeOf = (done: readonly Replayed[]): number =>
  done.some(({ verdict }) => verdict === 'failing')
    ? 1
    : done.some(({ verdict }) => verdict === 'drifted')
      ? 4
      : 0

export const formatReplayed = (done: readonly Replayed[]): string =>
  done
    .flatMap(({ file, verdict, check, operation, message, isOtherDocument }) => [
      `${verdict.padEnd(7)}  ${operation}  ${check}  ${file}`,
      `         ${message}${isOtherDocument ? ' The document has changed since.' : ''}`,
    ])
    .join('\n')
