import type { Build } from './builds.ts'
import { runStorm, type StormOptions } from './storm.ts'
import type { Store } from './system.ts'

/** A daemon that is built wrong, and faults under which that shows. */
export interface Control {
  readonly build: Exclude<Build, 'short-lease'>
  readonly store: Store
  readonly kinds: RegExp
  readonly faults: number
}

export const controls: readonly Control[] = [
  { build: 'write-behind', store: 'sqlite', kinds: /^daemon: killed/, faults: 8 },
  { build: 'write-behind', store: 'postgres', kinds: /^postgres: stopped/, faults: 3 },
  { build: 'forgets-keys', store: 'postgres', kinds: /middle of an answer/, faults: 8 },
  { build: 'lost-updates', store: 'postgres', kinds: /slower$/, faults: 4 },
  { build: 'stale-reads', store: 'postgres', kinds: /slower$/, faults: 2 },
]

/** Resolves with what was found wrong: nothing would say that storms see nothing. */
export const runControl = async (
  { build, store, kinds, faults }: Control,
  options: Pick<StormOptions, 'folder' | 'seed' | 'tell'>,
): Promise<readonly string[]> => {
  const { wrong } = await runStorm({
    ...options,
    store,
    kinds,
    faults,
    builds: ['short-lease', build],
    // What PostgreSQL may write later it does not write soon.
    ...(build === 'write-behind' && { postgresSettings: ['wal_writer_delay=10000'] }),
  })
  return wrong
}
