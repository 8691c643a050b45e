import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { McpdError } from '../core/errors.ts'

/** The directory that belongs to one running daemon. */
export interface StateDir {
  readonly path: string
  readonly socket: string
  /** Opens the admin routes over TCP; new at every start. */
  readonly adminToken: string
  /** Says to commands on this machine where the daemon is. */
  publish(record: { readonly url: string; readonly version: string; readonly log: string }): void
  /** Takes the record back and gives the directory free. */
  close(): void
}

/** Unix socket paths are limited by the operating systems: 108 bytes on Linux, 104 on macOS, NUL included. */
const socketPathMaxBytes = 103

/**
 * Takes the directory for this process. The lock is a SQLite transaction: the operating system drops it with the
 * process, however that ends, so a crash leaves nothing to clean up.
 * Throws DAEMON_RUNNING if another daemon holds it, CONFIG_INVALID if it cannot be used.
 */
export const openStateDir = (path: string): StateDir => {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new McpdError('CONFIG_INVALID', `The state directory ${path} cannot be made.`, {}, error)
  }
  const lock = takeLock(path)
  const record = join(path, 'daemon.json')
  const socket = join(path, 'admin.sock')
  if (Buffer.byteLength(socket) > socketPathMaxBytes) {
    lock.close()
    throw new McpdError('CONFIG_INVALID', `The state directory's path is too long for a socket: ${path}`, {
      suggestions: [
        `Choose one of at most ${socketPathMaxBytes - '/admin.sock'.length} bytes by --state-dir.`,
      ],
    })
  }
  // Left behind by a crash; nobody listens there, since the lock is ours.
  rmSync(socket, { force: true })
  rmSync(record, { force: true })
  const adminToken = randomBytes(32).toString('base64url')
  writeFileSync(join(path, 'admin.token'), adminToken, { mode: 0o600 })
  chmodSync(join(path, 'admin.token'), 0o600)
  return {
    path,
    socket,
    adminToken,
    publish: (facts) => {
      const text = JSON.stringify({ pid: process.pid, socket, startedAt: new Date().toISOString(), ...facts })
      writeFileSync(`${record}.new`, `${text}\n`, { mode: 0o600 })
      renameSync(`${record}.new`, record)
    },
    close: () => {
      rmSync(record, { force: true })
      rmSync(socket, { force: true })
      lock.close()
    },
  }
}

const sqliteBusy = 5

const takeLock = (path: string): DatabaseSync => {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(join(path, 'daemon.lock'))
    lock.exec('BEGIN EXCLUSIVE')
    writeFileSync(join(path, 'daemon.pid'), String(process.pid))
    return lock
  } catch (error) {
    lock?.close()
    if ((error as { errcode?: number }).errcode === sqliteBusy)
      throw new McpdError(
        'DAEMON_RUNNING',
        `Another daemon${holder(path)} has the state directory ${path}.`,
        {
          suggestions: ['Stop it with `mcpd stop`, or choose another directory by --state-dir.'],
        },
      )
    throw new McpdError('CONFIG_INVALID', `The state directory ${path} cannot be used.`, {}, error)
  }
}

const holder = (path: string): string => {
  try {
    return ` (process ${Number(readFileSync(join(path, 'daemon.pid'), 'utf8'))})`
  } catch {
    // It may be between taking the lock and writing its number.
    return ''
  }
}
