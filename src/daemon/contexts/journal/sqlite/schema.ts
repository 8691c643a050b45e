import { chmodSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { McpdError } from '../../../../core/errors.ts'

/**
 * Rows are numbered, names are looked up once: `k` a context, `t` a turn, `b` a body, `s` a segment, `n` an entry of
 * the outbox. A turn's body is in `bodies` until it is sealed, then at an offset of a segment. A deleted context has
 * no tenant: nobody finds it, and its rows go when there is time.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE contexts (
    k INTEGER PRIMARY KEY, tenant TEXT NOT NULL, context TEXT NOT NULL, about TEXT NOT NULL, pinned INTEGER NOT NULL,
    turns INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, UNIQUE (tenant, context));
  CREATE INDEX contexts_by_time ON contexts (tenant, updated_at DESC, context);
  CREATE TABLE heads (k INTEGER NOT NULL, name TEXT NOT NULL, t INTEGER, PRIMARY KEY (k, name)) WITHOUT ROWID;
  CREATE TABLE turns (
    t INTEGER PRIMARY KEY AUTOINCREMENT, k INTEGER NOT NULL, id TEXT NOT NULL, parent INTEGER, seq INTEGER NOT NULL,
    role INTEGER NOT NULL, at INTEGER NOT NULL, state INTEGER NOT NULL, pinned INTEGER NOT NULL, origin TEXT,
    body_hash BLOB NOT NULL, chain_hash BLOB NOT NULL, body_bytes INTEGER NOT NULL,
    b INTEGER, s INTEGER, offset INTEGER, tail_turns INTEGER NOT NULL, tail_bytes INTEGER NOT NULL);
  CREATE UNIQUE INDEX turns_by_id ON turns (id, k);
  CREATE INDEX turns_by_context ON turns (k);
  CREATE TABLE bodies (
    b INTEGER PRIMARY KEY, tenant TEXT NOT NULL, hash BLOB NOT NULL, refs INTEGER NOT NULL,
    zstd INTEGER NOT NULL, data BLOB NOT NULL);
  CREATE UNIQUE INDEX bodies_by_hash ON bodies (hash, tenant);
  CREATE TABLE segments (
    s INTEGER PRIMARY KEY, tenant TEXT NOT NULL, hash BLOB NOT NULL, refs INTEGER NOT NULL,
    raw_bytes INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE (hash, tenant));
  CREATE TABLE open_turns (t INTEGER PRIMARY KEY, owner TEXT NOT NULL);
  CREATE TABLE idempotency (
    k INTEGER NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, head INTEGER, turns TEXT NOT NULL,
    at INTEGER NOT NULL, PRIMARY KEY (k, key)) WITHOUT ROWID;
  CREATE INDEX idempotency_by_time ON idempotency (at);
  CREATE TABLE outbox (
    n INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, tenant TEXT NOT NULL, context TEXT NOT NULL,
    turns TEXT NOT NULL);
  CREATE TABLE consumers (name TEXT PRIMARY KEY, through INTEGER NOT NULL) WITHOUT ROWID;
  `,
  // What is encrypted has its hashes and origin in `facts`, what is said of it in `sealed`, and names for its tags.
  `
  ALTER TABLE turns ADD COLUMN facts BLOB;
  ALTER TABLE contexts ADD COLUMN sealed BLOB;
  ALTER TABLE contexts ADD COLUMN tags TEXT;
  `,
]

export interface DatabaseOptions {
  readonly path: string
  /** Pages the file may have, of 4096 bytes. Default: as many as the disk holds. */
  readonly maxPages?: number
}

/** How long a statement waits for the other connection of this process. */
const busyMs = 5000

/**
 * Opens a connection on which a commit is on the disk when it returns. Throws CONFIG_INVALID for a file that a newer
 * mcpd has written, and what SQLite throws.
 */
export const openDatabase = ({ path, maxPages }: DatabaseOptions): DatabaseSync => {
  const db = new DatabaseSync(path, { timeout: busyMs })
  try {
    // What people said is nobody else's to read; the files beside it get the mode of this one.
    chmodSync(path, 0o600)
    // Only an empty file takes it, and asking again would wait for whoever writes. `collect` gives pages back.
    if (isEmpty(db)) db.exec('PRAGMA auto_vacuum = INCREMENTAL')
    db.exec('PRAGMA journal_mode = WAL')
    // Deleted is deleted: freed pages are overwritten. Checkpoints are made between commits, not in them.
    db.exec('PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 0')
    db.exec('PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384')
    if (maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${maxPages}`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

const isEmpty = (db: DatabaseSync): boolean =>
  Object.values(db.prepare('PRAGMA page_count').get() ?? {})[0] === 0

/** Brings a file to the schema of this mcpd, one transaction for each version. */
export const migrate = (db: DatabaseSync, path: string): void => {
  const version = Number(Object.values(db.prepare('PRAGMA user_version').get() ?? {})[0])
  if (version > migrations.length)
    throw new McpdError(
      'CONFIG_INVALID',
      `The contexts in ${path} were written by a newer mcpd (schema ${version}; this one knows ${migrations.length}).`,
      { suggestions: ['Start that version, or name another --state-dir.'] },
    )
  for (const [index, statements] of migrations.entries()) {
    if (index < version) continue
    db.exec(`BEGIN IMMEDIATE; ${statements}; PRAGMA user_version = ${index + 1}; COMMIT`)
  }
}
