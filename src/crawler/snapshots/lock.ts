import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { McpdError } from '../../core/errors.ts'

const waitMaxMs = 60_000
const againMs = 25
const sqliteBusy = 5

/**
 * Runs `work` while no other process on this machine holds `file`. The lock is a SQLite transaction: the operating
 * system drops it with the process, however that ends. Throws CONFLICT after a minute, or the signal's reason.
 */
export const withLock = async <Result>(
  file: string,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> => {
  await mkdir(dirname(file), { recursive: true })
  const lock = await take(file, signal)
  try {
    return await work()
  } finally {
    lock.close()
  }
}

const take = async (file: string, signal: AbortSignal): Promise<DatabaseSync> => {
  for (let waitedMs = 0; ; waitedMs += againMs) {
    signal.throwIfAborted()
    const lock = tryToTake(file)
    if (lock) return lock
    if (waitedMs >= waitMaxMs)
      throw new McpdError('CONFLICT', `Another process has held ${file} for more than a minute.`, {
        suggestions: ['See whether another crawl of the same store hangs.'],
      })
    await sleep(againMs)
  }
}

const tryToTake = (file: string): DatabaseSync | undefined => {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(file)
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock?.close()
    if ((error as { errcode?: number }).errcode === sqliteBusy) return undefined
    throw new McpdError(
      'CONFIG_INVALID',
      `The lock ${file} cannot be used; is the store writable?`,
      {},
      error,
    )
  }
}
