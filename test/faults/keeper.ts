import type { Failpoint } from '../../src/daemon/contexts/failpoint.ts'
import type { DaemonProcess } from './daemon-process.ts'
import type { Ledger } from './ledger.ts'
import type { Numbers } from './numbers.ts'
import type { Store } from './system.ts'

/** Keeps daemons running: whoever ends is started again, at once and beside everything else. */
export interface Keeper {
  /** Until a daemon serves that nobody is about to start again. */
  ready(daemon: DaemonProcess): Promise<void>
  /** SIGKILL. The next run of this daemon may end at a failpoint, which is a fault of its own. */
  kill(daemon: DaemonProcess): Promise<void>
  /** Starts nobody any more, and waits for those who are starting. */
  stop(): Promise<void>
}

const anywhere: readonly Failpoint[] = ['before-commit', 'after-commit', 'before-acknowledgement']
const sealing: readonly Failpoint[] = ['before-seal', 'after-seal']
const marking: readonly Failpoint[] = ['before-mark', 'after-mark', 'before-apply', 'after-apply']

/** Where a daemon can be made to die. */
const points: Readonly<Record<Store, readonly Failpoint[]>> = {
  sqlite: [...anywhere, ...sealing, 'after-acknowledgement', 'after-index'],
  postgres: [...anywhere, ...sealing],
  'postgres+redis': [...anywhere, ...sealing, ...marking],
  'postgres+redis+spool': [...anywhere, ...sealing, ...marking],
}

/** A daemon comes by a failpoint up to so often before it dies there; seals are rarer. */
const timesMax = 120
const sealsMax = 2

export const keepDaemons = async (
  store: Store,
  daemons: readonly DaemonProcess[],
  { ledger, numbers, died }: KeeperParts,
): Promise<Keeper> => {
  const starting = new Map<DaemonProcess, Promise<void>>()
  const armed = new Map<DaemonProcess, Failpoint>()
  let isStopped = false
  let order: readonly Failpoint[] = []
  let nextPoint = 0

  const failpoint = (): Failpoint => {
    if (nextPoint % points[store].length === 0) order = numbers.shuffled(points[store])
    nextPoint += 1
    return order[(nextPoint - 1) % order.length] ?? 'before-commit'
  }
  const start = (daemon: DaemonProcess, point: Failpoint | undefined): Promise<void> => {
    const times = 1 + numbers.below(point?.includes('-seal') || point === 'after-index' ? sealsMax : timesMax)
    armed.delete(daemon)
    if (point !== undefined) armed.set(daemon, point)
    const started = daemon
      .start(point === undefined ? undefined : `${point}@${times}`)
      .catch((error: unknown) => ledger.wrong(String(error)))
      .finally(() => {
        if (starting.get(daemon) === started) starting.delete(daemon)
      })
    starting.set(daemon, started)
    return started
  }
  const watch = (daemon: DaemonProcess): void =>
    daemon.onDeath((how) => {
      const point = armed.get(daemon)
      if (isStopped) return
      if (point === undefined || how !== 'SIGKILL')
        ledger.wrong(`the daemon ${daemon.name} ended by itself (${how}); its log is beside its file`)
      else died(point)
      void start(daemon, undefined)
    })
  for (const daemon of daemons) watch(daemon)
  await Promise.all(daemons.map((daemon) => start(daemon, undefined)))
  return {
    ready: async (daemon) => {
      for (let started = starting.get(daemon); started; started = starting.get(daemon)) await started
    },
    kill: async (daemon) => {
      await daemon.kill()
      void start(daemon, failpoint())
    },
    stop: async () => {
      isStopped = true
      await Promise.all(starting.values())
    },
  }
}

interface KeeperParts {
  readonly ledger: Ledger
  readonly numbers: Numbers
  /** Called when a daemon has died at a failpoint. */
  readonly died: (point: Failpoint) => void
}
