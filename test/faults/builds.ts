/** A sentence of the source that reads otherwise in a daemon under test. */
export interface Change {
  /** The end of the file's path. */
  readonly file: string
  readonly from: string
  readonly to: string
}

export type Build = 'short-lease' | 'write-behind' | 'forgets-keys' | 'lost-updates' | 'stale-reads'

const postgres = '/daemon/contexts/journal/postgres'

/** Ways to be built. All but the first are wrong, each in a way that a storm must find out. */
export const builds: Readonly<Record<Build, readonly Change[]>> = {
  /** A daemon that sleeps for two seconds has lost its lease; with fifteen a storm would be mostly waiting. */
  'short-lease': [
    {
      file: `${postgres}.ts`,
      from: 'leaseMsDefault = 15_000',
      to: 'leaseMsDefault = 1500',
    },
  ],
  /** An append is acknowledged before the disk has it. */
  'write-behind': [
    {
      file: `${postgres}/database.ts`,
      from: '-c synchronous_commit=on',
      to: '-c synchronous_commit=off',
    },
    {
      file: '/daemon/contexts/journal/sqlite/jobs.ts',
      from: 'return () => done(answer)',
      to: 'done(answer); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30); return () => undefined',
    },
  ],
  /** A request that is sent again is written again. */
  'forgets-keys': [
    {
      file: '/daemon/http/context-turns.ts',
      from: "...(typeof key === 'string' && { idempotencyKey: key }),",
      to: '',
    },
  ],
  /** Of two daemons that have read the same head both write behind it. */
  'lost-updates': [
    {
      file: `${postgres}/write.ts`,
      from: 'FROM ${source} WHERE c.k = wanted.k AND c.rev = wanted.rev AND c.updated_at = wanted.changed',
      to: 'FROM ${source} WHERE c.k = wanted.k',
    },
    {
      file: `${postgres}/write.ts`,
      from: 'JOIN mcpd.contexts AS c ON c.k = wanted.k AND c.rev = wanted.rev',
      to: 'JOIN mcpd.contexts AS c ON c.k = wanted.k',
    },
  ],
  /** A daemon shows what it has in its memory, whatever others have written since. */
  'stale-reads': [
    {
      file: '/daemon/contexts/store.ts',
      from: 'journal.shared ? createSharedReads(journal, hot, copies) : createReadThrough(journal, hot)',
      to: 'createReadThrough(journal, hot)',
    },
  ],
}
