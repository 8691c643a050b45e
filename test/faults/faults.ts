import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TcpProxy, Weather } from '../harness/tcp-proxy.ts'
import type { DaemonProcess } from './daemon-process.ts'
import type { Keeper } from './keeper.ts'
import type { Numbers } from './numbers.ts'
import type { ServerKind, System } from './system.ts'

export interface FaultParts {
  readonly system: System
  readonly keeper: Keeper
  readonly numbers: Numbers
}

/** One thing that goes wrong, and is right again when it resolves. */
export interface Fault {
  readonly kind: string
  /** How often it comes among the others; default 1. */
  readonly weight?: number
  readonly inject: (parts: FaultParts) => Promise<void>
}

/** How long a fault lasts that is ended, in milliseconds. */
const lastsMinMs = 40
const lastsMaxMs = 350
/** One in so many lasts so long: past some of the deadlines of daemons and clients. */
const longOneIn = 12
const lastsLongMs = 2500
const slowMs = 200
const hourMs = 3_600_000
/** Longer than the lease of a daemon that was built with a short one. */
const leaseLostMs = 2200

const aWhile = async ({ numbers }: FaultParts): Promise<void> => {
  const isLong = numbers.below(longOneIn) === 0
  await sleep(isLong ? lastsLongMs : lastsMinMs + numbers.below(lastsMaxMs - lastsMinMs))
}

/** A daemon that serves. */
const someDaemon = async ({ system, keeper, numbers }: FaultParts): Promise<DaemonProcess> => {
  const daemon = numbers.pick(system.daemons)
  await keeper.ready(daemon)
  return daemon
}

const daemonFaults: readonly Fault[] = [
  {
    kind: 'daemon: killed',
    weight: 4,
    inject: async (parts) => parts.keeper.kill(await someDaemon(parts)),
  },
  {
    kind: 'daemon: frozen',
    inject: async (parts) => {
      const daemon = await someDaemon(parts)
      daemon.signal('SIGSTOP')
      await aWhile(parts)
      daemon.signal('SIGCONT')
    },
  },
  ...[hourMs, -hourMs].map((aheadMs): Fault => ({
    kind: `daemon: clock ${aheadMs > 0 ? '+' : '−'}1 h`,
    inject: async (parts) => {
      const daemon = await someDaemon(parts)
      await daemon.jump(aheadMs)
      await aWhile(parts)
      await daemon.jump(0)
    },
  })),
]

const leaseLost: Fault = {
  kind: 'daemon: frozen until its lease is lost',
  inject: async (parts) => {
    const daemon = await someDaemon(parts)
    daemon.signal('SIGSTOP')
    await sleep(leaseLostMs)
    daemon.signal('SIGCONT')
  },
}

/** What can happen to one wire, or to two at once. */
const wireFaults = (name: string, wiresOf: (system: System) => readonly TcpProxy[]): readonly Fault[] => {
  const under = (kind: string, weather: Weather, isForAll: boolean): Fault => ({
    kind: `${name}: ${kind}`,
    inject: async (parts) => {
      const wires = wiresOf(parts.system)
      const chosen = isForAll ? wires : [parts.numbers.pick(wires)]
      for (const wire of chosen) wire.set(weather)
      await aWhile(parts)
      for (const wire of chosen) wire.set('fine')
    },
  })
  return [
    under('cut', 'cut', true),
    under('cut for one daemon', 'cut', false),
    under('held up', 'stall', true),
    under('half open', 'deaf', true),
    under('half open for one daemon', 'deaf', false),
    under(`${slowMs} ms slower`, { delayMs: slowMs }, true),
    {
      kind: `${name}: cut in the middle of an answer`,
      weight: 2,
      inject: async (parts) => {
        for (const wire of wiresOf(parts.system)) wire.cutNextReply()
        await aWhile(parts)
      },
    },
  ]
}

const server = (kind: ServerKind, what: string, inject: (parts: FaultParts) => Promise<unknown>): Fault => ({
  kind: `${kind}: ${what}`,
  inject: async (parts) => void (await inject(parts)),
})

const postgresOf = ({ system }: FaultParts) => {
  if (!system.postgres) throw new Error('There is no PostgreSQL.')
  return system.postgres
}

const postgresFaults: readonly Fault[] = [
  server('postgres', 'connections terminated', async (parts) =>
    postgresOf(parts).query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mcpd'",
    ),
  ),
  server('postgres', 'stopped at once', async (parts) => {
    await postgresOf(parts).kill()
    await aWhile(parts)
    await postgresOf(parts).start()
  }),
  server('postgres', 'restarted', async (parts) => {
    await postgresOf(parts).stop()
    await postgresOf(parts).start()
  }),
  server('postgres', 'frozen', async (parts) => {
    await postgresOf(parts).freeze()
    await aWhile(parts)
    await postgresOf(parts).thaw()
  }),
]

const redisOf = ({ system }: FaultParts) => {
  if (!system.redis) throw new Error('There is no Redis.')
  return system.redis
}

/** Half of all keys. */
const someKeys = async (parts: FaultParts): Promise<readonly string[]> => {
  const keys = (await redisOf(parts).command('KEYS', '*')).split('\n').filter((key) => key !== '')
  return keys.filter(() => parts.numbers.below(2) === 0).slice(0, keysMax)
}
const keysMax = 200

const redisFaults: readonly Fault[] = [
  server('redis', 'killed', async (parts) => {
    await redisOf(parts).kill()
    await aWhile(parts)
    await redisOf(parts).start()
  }),
  server('redis', 'frozen', async (parts) => {
    redisOf(parts).signal('SIGSTOP')
    await aWhile(parts)
    redisOf(parts).signal('SIGCONT')
  }),
  server('redis', 'flushed', async (parts) => redisOf(parts).command('FLUSHALL')),
  server('redis', 'full', async (parts) => {
    await redisOf(parts).command('CONFIG', 'SET', 'maxmemory', '1mb')
    await aWhile(parts)
    await redisOf(parts).command('CONFIG', 'SET', 'maxmemory', '0')
  }),
  server('redis', 'some keys gone', async (parts) => {
    const keys = await someKeys(parts)
    if (keys.length > 0) await redisOf(parts).command('DEL', ...keys)
  }),
  server('redis', 'some keys of another type', async (parts) => {
    for (const key of (await someKeys(parts)).slice(0, 10)) {
      const isText = (await redisOf(parts).command('TYPE', key)) === 'string'
      await redisOf(parts).command('DEL', key)
      if (isText) await redisOf(parts).command('RPUSH', key, 'not', 'what', 'was', 'here')
      else await redisOf(parts).command('SET', key, 'not what was here')
    }
  }),
]

/** A little more than what is there: soon no page can be written. */
const fileLeftBytes = 48 * 1024

const diskFull: Fault = {
  kind: 'disk: full',
  inject: async (parts) => {
    const daemon = await someDaemon(parts)
    await daemon.limitFiles(fileLeftBytes)
    await aWhile(parts)
    await daemon.limitFiles(undefined)
  },
}

/** What sets limits of another process; on Linux only. */
const canFillDisks = existsSync('/usr/bin/prlimit')

/** Everything that can go wrong with a system. */
export const faultsOf = ({ store }: System): readonly Fault[] => [
  ...daemonFaults,
  ...wireFaults('clients', ({ daemons }) => daemons.map(({ wire }) => wire)),
  ...(store === 'sqlite' ? [] : postgresFaults),
  ...(store === 'sqlite' && canFillDisks ? [diskFull] : []),
  ...(store === 'postgres' || store === 'postgres+redis' ? [leaseLost] : []),
  ...(store === 'sqlite' ? [] : wireFaults('wire to postgres', ({ wires }) => wires.postgres)),
  ...(store.includes('redis')
    ? [...redisFaults, ...wireFaults('wire to redis', ({ wires }) => wires.redis)]
    : []),
]
