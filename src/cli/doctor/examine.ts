import { join } from 'node:path'
import type { DaemonStatus } from '../../client/index.ts'
import { resolveConfig } from '../../core/config.ts'
import { type ConfigSources, type ConfigValues, readConfig } from '../../core/load-config.ts'
import { defaultStateDir } from '../../core/state-dir.ts'
import type { CheckedConfig } from '../check-config.ts'
import type { Check, CheckResult, Judgement } from './check.ts'
import {
  type BackendFacts,
  type DaemonFacts,
  judgeBackends,
  judgeClock,
  judgeDaemon,
  judgeDescriptors,
  judgeDisk,
  judgeNode,
  judgePort,
  judgeRuntime,
  judgeSocket,
  judgeStateDir,
  type PortFacts,
  type SocketFacts,
  type StateDirFacts,
} from './judge.ts'

/** How to look at the world; each rejects when its signal strikes. */
export interface Probes {
  readonly stateDir: (path: string) => Promise<StateDirFacts>
  readonly socket: (path: string) => Promise<Omit<SocketFacts, 'daemonRuns'>>
  readonly disk: (path: string) => Promise<number>
  readonly descriptors: (signal: AbortSignal) => Promise<number>
  readonly runtime: () => string | undefined
  readonly port: (host: string, port: number, signal: AbortSignal) => Promise<Pick<PortFacts, 'state' | 'by'>>
  readonly daemon: (stateDir: string, signal: AbortSignal) => Promise<DaemonFacts>
  /** Throws CONFIG_INVALID. */
  readonly config: (path: string | undefined, signal: AbortSignal) => Promise<CheckedConfig>
  /** Those of the config, else those that are found; asked without a daemon. */
  readonly backends: (values: ConfigValues['values'], signal: AbortSignal) => Promise<readonly BackendFacts[]>
  readonly clock: (url: string, signal: AbortSignal) => Promise<number | undefined>
}

export interface Examined {
  readonly sources: ConfigSources
  readonly nodeVersion: string
  /** As package.json says it. */
  readonly nodeNeeded: string
  readonly ownVersion: string
}

/** Everything `mcpd doctor` looks at, in the order in which it says it. */
export const doctorChecks = (examined: Examined, probes: Probes): readonly Check[] => {
  const { sources } = examined
  const read = readValues(sources)
  const values = read ?? {}
  const { stateDir, listen } = resolveConfig(read ?? withoutFile(sources), defaultStateDir(sources.env))
  const daemon = shared((signal) => probes.daemon(stateDir, signal))

  return [
    { name: 'node', run: async () => judgeNode(examined.nodeVersion, examined.nodeNeeded) },
    {
      name: 'config',
      run: async (signal): Promise<Judgement> => {
        const { path, backends } = await probes.config(sources.path, signal)
        const count = backends.length === 1 ? '1 backend' : `${backends.length} backends`
        return { state: 'ok', detail: path === undefined ? 'no file, defaults' : `${path}, ${count}` }
      },
    },
    { name: 'state directory', run: async () => judgeStateDir(await probes.stateDir(stateDir)) },
    { name: 'disk', run: async () => judgeDisk(await probes.disk(stateDir)) },
    { name: 'open files', run: async (signal) => judgeDescriptors(await probes.descriptors(signal)) },
    { name: 'daemon', run: async (signal) => judgeDaemon(await daemon(signal), examined.ownVersion) },
    {
      name: 'admin socket',
      run: async (signal) => {
        const { record, status } = await daemon(signal)
        const socket = await probes.socket(record?.socket ?? join(stateDir, 'admin.sock'))
        return judgeSocket({ ...socket, daemonRuns: status !== undefined })
      },
    },
    {
      name: 'port',
      run: async (signal) => {
        const { status } = await daemon(signal)
        const { host, port } = listen
        const isOurs = status !== undefined && Number(new URL(status.url).port) === port
        const seen = isOurs ? { state: 'ours' as const } : await probes.port(host, port, signal)
        return judgePort({ host, port, ...seen, ...(status && { daemonUrl: status.url }) })
      },
    },
    {
      name: 'embedded runtime',
      run: async () =>
        judgeRuntime(
          probes.runtime(),
          (values.backends ?? []).some(({ adapter }) => adapter === 'embedded'),
        ),
    },
    {
      name: 'backends',
      run: async (signal): Promise<readonly CheckResult[]> => {
        const { status } = await daemon(signal)
        if (!status && !read) return [unseenBackends]
        const backends = status
          ? await backendsOf(status, probes, signal)
          : await probes.backends(values, signal)
        return [...judgeBackends(backends, status !== undefined), { check: 'clock', ...judgeClock(backends) }]
      },
    },
  ]
}

/** Undefined for a config that is wrong, of which the config check speaks. */
const readValues = (sources: ConfigSources): ConfigValues['values'] | undefined => {
  try {
    return readConfig(sources).values
  } catch {
    return undefined
  }
}

/** What the other checks go by then. */
const withoutFile = ({ flags, env }: ConfigSources): ConfigValues['values'] => {
  const stateDir = flags?.stateDir ?? (env['MCPD_STATE_DIR'] || undefined)
  return stateDir === undefined ? {} : { stateDir }
}

const unseenBackends: CheckResult = {
  check: 'backends',
  state: 'warn',
  detail: 'nobody was asked, since the config is wrong',
  remedy: 'Correct the config first.',
}

/** Looks once, for all who ask. */
const shared = <T>(look: (signal: AbortSignal) => Promise<T>): ((signal: AbortSignal) => Promise<T>) => {
  let looked: Promise<T> | undefined
  return (signal) => (looked ??= look(signal))
}

/** The daemon knows how its backends are; only their clocks it does not look at. */
const backendsOf = (
  { backends }: DaemonStatus,
  { clock }: Probes,
  signal: AbortSignal,
): Promise<readonly BackendFacts[]> =>
  Promise.all(
    backends.map(async ({ name, adapter, url, health, models, circuit }) => {
      const skewMs = url !== undefined && health.ok ? await clock(url, signal) : undefined
      return {
        name,
        isReachable: health.ok,
        modelCount: models.length,
        circuit,
        ...(url !== undefined && { url }),
        ...(health.version && { title: `${adapter} ${health.version}` }),
        ...(health.detail !== undefined && { detail: health.detail }),
        ...(skewMs !== undefined && { skewMs }),
      }
    }),
  )
