import type { DaemonStatus } from '../../client/index.ts'
import type { DaemonRecord } from '../../client/locate.ts'
import { formatBytes, formatDuration } from '../quantity.ts'
import type { CheckResult, Judgement } from './check.ts'

/** Facts in, judgement out: nothing here looks at the machine. */

const ok = (detail: string): Judgement => ({ state: 'ok', detail })
const warn = (detail: string, remedy: string): Judgement => ({ state: 'warn', detail, remedy })
const fail = (detail: string, remedy: string): Judgement => ({ state: 'fail', detail, remedy })

/** `needed` as package.json says it: `>=24.12`. */
export const judgeNode = (version: string, needed: string): Judgement => {
  const [major = 0, minor = 0] = numbers(version)
  const [neededMajor = 0, neededMinor = 0] = numbers(needed)
  const isEnough = major > neededMajor || (major === neededMajor && minor >= neededMinor)
  return isEnough
    ? ok(version)
    : fail(`${version}, but mcpd needs ${needed}`, 'Install a newer one: nvm install 24, fnm install 24.')
}

const numbers = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number)

export interface StateDirFacts {
  readonly path: string
  /** Absent when there is none yet. */
  readonly mode?: number
  readonly isDirectory: boolean
  readonly isOwn: boolean
  /** Whether files can be made in it or, when there is none, whether it can be made. */
  readonly isWritable: boolean
}

/** Room for `/admin.sock` in the path of a Unix socket. */
const stateDirPathMaxBytes = 103 - '/admin.sock'.length

export const judgeStateDir = ({ path, mode, isDirectory, isOwn, isWritable }: StateDirFacts): Judgement => {
  const elsewhere = 'Choose another one by --state-dir or MCPD_STATE_DIR.'
  if (Buffer.byteLength(path) > stateDirPathMaxBytes)
    return fail(`${path} is too long for a socket in it`, elsewhere)
  if (mode === undefined)
    return isWritable
      ? ok(`${path} will be made by the first start`)
      : fail(`${path} cannot be made`, elsewhere)
  if (!isDirectory) return fail(`${path} is no directory`, elsewhere)
  if (!isWritable) return fail(`${path} cannot be written to`, elsewhere)
  if (!isOwn) return warn(`${path} belongs to another user`, elsewhere)
  return (mode & 0o077) === 0 ? ok(path) : warn(`others may look into ${path}`, `chmod 700 ${path}`)
}

export interface DaemonFacts {
  /** What a daemon has left in the state directory. */
  readonly record?: DaemonRecord
  /** Whether a process of that number lives. */
  readonly isAlive: boolean
  /** What it says of itself, if it answers. */
  readonly status?: DaemonStatus
  /** Why there is no status. */
  readonly silence?: string
}

export const judgeDaemon = (
  { record, isAlive, status, silence = 'no answer' }: DaemonFacts,
  ownVersion: string,
): Judgement => {
  if (!record) return ok('none is running here')
  const { pid } = record
  if (!isAlive)
    return warn(
      `process ${pid} is gone but has left its record: it crashed or was killed`,
      'mcpd serve starts anew; mcpd logs may say what happened.',
    )
  if (!status)
    return fail(
      `process ${pid} lives but does not answer: ${silence}`,
      `See what it does: mcpd logs. If it hangs, end it: kill ${pid}`,
    )
  const what = `process ${pid}, version ${status.version}, up ${formatDuration(status.uptimeMs)}, at ${status.url}`
  return status.version === ownVersion
    ? ok(what)
    : warn(`${what}; this command is of version ${ownVersion}`, 'Restart it: mcpd stop, then mcpd serve.')
}

export interface PortFacts {
  readonly host: string
  readonly port: number
  /** `ours` = the daemon of the state directory listens there. */
  readonly state: 'free' | 'ours' | 'taken' | 'denied' | 'no-address'
  /** Who has taken it, in words. */
  readonly by?: string
  /** Where the daemon of the state directory listens, if one runs. */
  readonly daemonUrl?: string
}

export const judgePort = ({ host, port, state, by, daemonUrl }: PortFacts): Judgement => {
  const at = `${host}:${port}`
  const another = 'Choose another port: listen.port in mcpd.yaml, MCPD_PORT or --port; 0 picks a free one.'
  if (state === 'no-address') return fail(`${host} is no address of this machine`, 'Correct listen.host.')
  if (state === 'denied') return fail(`this user may not listen at ${at}`, another)
  if (state === 'taken') return fail(`${at} is taken by ${by ?? 'another program'}`, another)
  if (state === 'ours') return ok(`${at} is the daemon's own`)
  if (daemonUrl !== undefined && port !== 0)
    return warn(
      `the daemon listens at ${daemonUrl}, the config says ${at}`,
      'If that is not meant, restart it: mcpd stop, then mcpd serve.',
    )
  return ok(port === 0 ? 'any free one' : `${at} is free`)
}

export interface BackendFacts {
  readonly name: string
  /** Absent for one that runs inside mcpd. */
  readonly url?: string
  /** What runs there, as far as it is known: `Ollama 0.20.0`. */
  readonly title?: string
  readonly isReachable: boolean
  /** Absent when it did not list them. */
  readonly modelCount?: number
  /** What is wrong, or worth knowing. */
  readonly detail?: string
  /** By how much its clock is ahead of ours. */
  readonly skewMs?: number
  readonly circuit?: 'closed' | 'open' | 'half-open'
}

/** A result per backend; one for all of them when there are none. */
export const judgeBackends = (
  backends: readonly BackendFacts[],
  daemonRuns: boolean,
): readonly CheckResult[] => {
  if (backends.length === 0)
    return [
      {
        check: 'backends',
        ...warn(
          'none is configured and none was found on this machine',
          'Start a runtime such as Ollama, or write its address into mcpd.yaml: mcpd init',
        ),
      },
    ]
  return backends.map((backend) => ({
    check: `backend ${backend.name}`,
    ...judgeBackend(backend, daemonRuns),
  }))
}

const judgeBackend = (
  { url, title, isReachable, modelCount, detail, circuit = 'closed' }: BackendFacts,
  daemonRuns: boolean,
): Judgement => {
  const at = url === undefined ? '' : ` at ${url}`
  const models = modelCount === 1 ? '1 model' : `${modelCount} models`
  if (!isReachable)
    return fail(
      `no answer${at}${detail === undefined ? '' : `: ${detail}`}`,
      'Start it, or correct its entry in mcpd.yaml.',
    )
  if (circuit !== 'closed')
    return warn(
      `answers${at}, but its circuit is ${circuit} after failures`,
      'It is tried again by itself; mcpd logs says what failed.',
    )
  const what = `${title ?? 'answers'}${at}`
  if (modelCount === undefined)
    return daemonRuns
      ? ok(what)
      : warn(`${what}, ${detail ?? 'but lists no models'}`, 'Check its url and apiKey.')
  return modelCount === 0
    ? warn(`${what}, but it has no models`, 'Give it one; for Ollama: mcpd pull llama3.2')
    : ok(`${what}, ${models}`)
}

/** Larger differences make logs hard to read side by side, and signed requests fail. */
const skewMaxMs = 30_000

export const judgeClock = (backends: readonly Pick<BackendFacts, 'name' | 'skewMs'>[]): Judgement => {
  const known = backends.flatMap(({ name, skewMs }) => (skewMs === undefined ? [] : [{ name, skewMs }]))
  const worst = known.toSorted((left, right) => Math.abs(right.skewMs) - Math.abs(left.skewMs))[0]
  if (!worst) return ok('no backend says what time it is')
  const { name, skewMs } = worst
  if (Math.abs(skewMs) <= skewMaxMs) return ok(`within ${skewMaxMs / 1000} s of the backends'`)
  return warn(
    `the clock of ${name} is ${formatDuration(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead' : 'behind'}`,
    'Have one of the two set its clock by NTP.',
  )
}

const diskLowBytes = 2 ** 30
const diskMinBytes = 64 * 2 ** 20

export const judgeDisk = (freeBytes: number): Judgement => {
  const free = `${formatBytes(freeBytes)} free for the state directory`
  const remedy = 'Make room, or put it elsewhere by --state-dir.'
  if (freeBytes < diskMinBytes) return fail(free, remedy)
  return freeBytes < diskLowBytes ? warn(free, remedy) : ok(free)
}

const descriptorsLow = 4096
const descriptorsMin = 256

/** A request takes two: the client's connection and the backend's. */
export const judgeDescriptors = (limit: number): Judgement => {
  const what = Number.isFinite(limit) ? `${limit} open files and connections` : 'no limit of open files'
  const remedy = 'Raise it where the daemon is started: ulimit -n 65536, or LimitNOFILE= in its unit.'
  if (limit < descriptorsMin) return fail(what, remedy)
  return limit < descriptorsLow ? warn(what, remedy) : ok(what)
}

export const judgeRuntime = (version: string | undefined, isNeeded: boolean): Judgement => {
  if (version !== undefined) return ok(`node-llama-cpp ${version}`)
  const remedy = 'mcpd adapter install embedded'
  return isNeeded
    ? fail('node-llama-cpp is not installed, and a backend needs it', remedy)
    : ok(`node-llama-cpp is not installed; nothing needs it (${remedy})`)
}

export interface SocketFacts {
  readonly path: string
  /** Absent when there is none. */
  readonly mode?: number
  readonly isOwn: boolean
  readonly daemonRuns: boolean
}

export const judgeSocket = ({ path, mode, isOwn, daemonRuns }: SocketFacts): Judgement => {
  if (mode === undefined)
    return daemonRuns
      ? fail(
          `${path} is gone, so the daemon cannot be administered`,
          'Restart it: end its process, then mcpd serve.',
        )
      : ok('none while no daemon runs')
  if (!isOwn) return fail(`${path} belongs to another user`, 'Run this as the user that started the daemon.')
  return (mode & 0o077) === 0
    ? ok(`${path} is open to this user alone`)
    : fail(`${path} is open to others`, `chmod 600 ${path}`)
}
