import { DatabaseSync } from 'node:sqlite'
import { McpdError } from '../../../../core/errors.ts'

const sqliteBusy = 5

/**
 * Takes a store for this process, as the state directory is taken: by a transaction that the operating system drops
 * with the process. Two daemons on one file would not see each other's changes. Throws DAEMON_RUNNING.
 */
export const lockStore = (path: string): { readonly close: () => void } => {
  const lock = new DatabaseSync(`${path}.lock`, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode !== sqliteBusy) throw error
    throw new McpdError('DAEMON_RUNNING', `Another daemon has the contexts in ${path}.`, {
      suggestions: ['Stop it, or give each daemon a file of its own under `contexts.journal`.'],
    })
  }
}
