import { type FileHandle, open, readFile } from 'node:fs/promises'
import type { Operation } from './linearizable.ts'

/** What a writer was told is kept. */
export interface Acknowledged {
  readonly kind: 'say' | 'chat' | 'fork'
  readonly writer: number
  readonly number: number
  readonly context: string
  readonly head: string
  /** Of `say` the turn, of `chat` the answer's, of `fork` the one it begins at. */
  readonly turn: string
  /** How many faults there had been. */
  readonly fault: number
}

/** Everything that clients of a storm saw, outside of what is under test. */
export interface Ledger {
  /** Resolves when it is on the disk. */
  acknowledge(line: Omit<Acknowledged, 'fault'>): Promise<void>
  /** A text that may come to be stored: nothing else may. */
  attempted(context: string, name: string): void
  readonly attempts: (context: string) => ReadonlySet<string>
  saw(context: string, operation: Operation): void
  readonly operations: () => ReadonlyMap<string, readonly Operation[]>
  /** An answer that says that it cannot be done now, or none. */
  failed(): void
  /** Something that must not be, seen at once. */
  wrong(line: string): void
  faulted(): void
  readonly counts: () => { readonly acknowledged: number; readonly failed: number; readonly faults: number }
  readonly wrongs: () => readonly { readonly line: string; readonly fault: number }[]
  /** From the file. */
  read(): Promise<readonly Acknowledged[]>
  close(): Promise<void>
}

export const openLedger = async (path: string): Promise<Ledger> => {
  const file = await open(path, 'a')
  const write = createSyncedWriter(file)
  const attempts = new Map<string, Set<string>>()
  const operations = new Map<string, Operation[]>()
  const wrongs: { readonly line: string; readonly fault: number }[] = []
  let acknowledged = 0
  let failed = 0
  let faults = 0
  return {
    acknowledge: async (line) => {
      await write(`${JSON.stringify({ ...line, fault: faults } satisfies Acknowledged)}\n`)
      acknowledged += 1
    },
    attempted: (context, name) => {
      const names = attempts.get(context) ?? new Set()
      attempts.set(context, names.add(name))
    },
    attempts: (context) => attempts.get(context) ?? new Set(),
    saw: (context, operation) => {
      const seen = operations.get(context)
      if (seen) seen.push(operation)
      else operations.set(context, [operation])
    },
    operations: () => operations,
    failed: () => {
      failed += 1
    },
    wrong: (line) => void wrongs.push({ line, fault: faults }),
    faulted: () => {
      faults += 1
    },
    counts: () => ({ acknowledged, failed, faults }),
    wrongs: () => wrongs,
    read: async () =>
      (await readFile(path, 'utf8'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Acknowledged),
    close: () => file.close(),
  }
}

/** Many lines that come at once wait for the disk together. */
const createSyncedWriter = (file: FileHandle): ((line: string) => Promise<void>) => {
  let waiting = ''
  let next: Promise<void> | undefined
  let last = Promise.resolve()
  return (line) => {
    waiting += line
    next ??= last.then(async () => {
      const lines = waiting
      waiting = ''
      next = undefined
      await file.appendFile(lines)
      await file.datasync()
    })
    last = next
    return next
  }
}
