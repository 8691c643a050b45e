import type { Append, ContextKey } from '../../../../core/context.ts'
import { isMcpdError } from '../../../../core/errors.ts'
import type { Problem } from '../../../../core/journal.ts'
import { type ArchiveFiles, openArchiveFiles } from '../../archive/files.ts'
import { noArchive, packContext, repackContext, type Stub, unpackContext } from '../../archive/stub.ts'
import type { Vault } from '../../encryption/vault.ts'
import { failpoint } from '../../failpoint.ts'
import { nameOf } from '../../ids.ts'
import { readExport } from '../../import.ts'
import { contradicts } from '../refusals.ts'
import { append, type Writer } from './append.ts'
import type { Database } from './database.ts'
import { readSummary, readTurns } from './read.ts'
import { serverNow } from './schema.ts'

export interface ArchiveOptions {
  /** Below it each database has a directory of its own. */
  readonly directory: string
  /** Contexts without a turn for so long are archived. */
  readonly afterMs: number
}

/**
 * Moves contexts that nobody uses into files and back. First the file is on the disk and was read back, then the rows
 * go in one transaction; a crash between the two leaves a file that nothing names. On the way back the rows come first.
 * Files that nothing names go after a day, whoever left them, so that nobody loses one that is just being used.
 */
export interface Archive {
  /** Archives what is old enough. Resolves with how many contexts. */
  run(signal?: AbortSignal): Promise<number>
  /**
   * Brings a context back, once for all who ask, in whichever daemon. False where there is none: one that is not
   * archived may have been a moment ago, so whoever did not find something in it has to look again. Throws as
   * `unpackContext` does, and CONFIG_INVALID without a directory.
   */
  thaw(key: ContextKey): Promise<boolean>
  /** What is wrong with the file of a context. */
  check(key: ContextKey): Promise<readonly Problem[]>
  /** Encrypts the file of a context with the key that encrypts now. Resolves with 1 where it was not. */
  rotate(key: ContextKey): Promise<number>
  /** Takes a file away; undefined: this daemon cannot. */
  readonly drop?: (file: string) => Promise<void>
}

/** A context that is damaged, too large, or encrypted with a key that is not there. */
const skipped: readonly string[] = ['CONTEXT_DAMAGED', 'BAD_REQUEST', 'CONFIG_INVALID']

/** How long files stay that nothing names. */
const orphanMs = 86_400_000

interface Parts {
  readonly database: Database
  readonly vault: Vault
  readonly writer: Writer
  readonly open: (key: ContextKey) => Promise<ArchiveFiles>
}

interface Cold extends ContextKey {
  readonly k: number
  readonly rev: number
}

export const createArchive = (
  database: Database,
  vault: Vault,
  writer: Writer,
  options: ArchiveOptions | undefined,
): Archive => {
  const thawing = new Map<string, Promise<boolean>>()
  let opened: ArchiveFiles | undefined

  const open = async (key: ContextKey): Promise<ArchiveFiles> => {
    if (!options) throw noArchive(vault.of(key))
    if (!opened) {
      // Daemons of several databases may have one directory.
      const store = await database.get<{ id: string }>('SELECT id FROM mcpd.store')
      opened = openArchiveFiles(`${options.directory}/${store?.id ?? 'store'}`)
    }
    return opened
  }
  const parts: Parts = { database, vault, writer, open }

  return {
    run: async (signal) => {
      if (!options) return 0
      let count = 0
      for (let after = 0; ;) {
        signal?.throwIfAborted()
        const cold = await nextCold(database, options.afterMs, after)
        if (!cold) break
        after = cold.k
        // What cannot be read stays where it is, for fsck to name, and must not keep the others from it.
        const isDone = await archiveOne(parts, cold).catch((error: unknown) => {
          if (isMcpdError(error) && skipped.includes(error.code)) return false
          throw error
        })
        if (isDone) count += 1
      }
      await sweep(database, await open({ tenant: '', context: '' }))
      return count
    },
    thaw: (key) => {
      const name = nameOf(key)
      const running = thawing.get(name) ?? bringBack(parts, { tenant: key.tenant, context: key.context })
      thawing.set(name, running)
      return running.finally(() => thawing.delete(name))
    },
    check: async (key) => {
      const found = await readStub(database, key)
      if (!found) return []
      try {
        const files = await open(key)
        readExport(unpackContext(vault.of(key), found.stub, await files.read(found.stub.file)), key)
        return []
      } catch (error) {
        if (!isMcpdError(error)) throw error
        return [{ kind: 'archive-unreadable', ...key, detail: error.message }]
      }
    },
    rotate: async (key) => {
      const found = await readStub(database, key)
      if (!found || !options || found.stub.key === vault.keyId) return 0
      const files = await open(key)
      const bytes = await files.read(found.stub.file)
      if (!bytes) return 0
      const anew = repackContext(vault.of(key), found.stub, bytes)
      await files.write(anew.stub.file, anew.bytes)
      await database.all("UPDATE mcpd.contexts SET archived = $3 WHERE k = $1 AND archived ->> 'file' = $2", [
        found.k,
        found.stub.file,
        JSON.stringify(anew.stub),
      ])
      // What was not encrypted does not stay for a day.
      if (anew.stub.file !== found.stub.file) await files.remove(found.stub.file)
      return 1
    },
    ...(options && {
      drop: async (file: string) => (await open({ tenant: '', context: '' })).remove(file),
    }),
  }
}

/** The file first, then the stub; false where the context is being used. */
const archiveOne = async ({ database, vault, open }: Parts, { k, rev, ...key }: Cold): Promise<boolean> => {
  const files = await open(key)
  const cipher = vault.of(key)
  const turns = await readTurns(database, vault, key)
  const summary = await readSummary(database, vault, key)
  if (!turns || !summary) return false
  const { stub, bytes } = await packContext(cipher, summary, turns)
  await files.write(stub.file, bytes)
  failpoint('archive-written')
  // Every hash is computed anew from what the disk has.
  readExport(unpackContext(cipher, stub, await files.read(stub.file)), key)
  const isGone = await putStub(database, { k, rev }, stub)
  failpoint('archive-committed')
  return isGone
}

/** The rows first; the file stays as one that nothing names. */
const bringBack = async ({ database, vault, writer, open }: Parts, key: ContextKey): Promise<boolean> => {
  const found = await readStub(database, key)
  if (!found) return isThere(database, key)
  const files = await open(key)
  const text = unpackContext(vault.of(key), found.stub, await files.read(found.stub.file))
  const appends = readExport(text, key)
  await database.transaction(async (sql) => {
    // The one who waits for another daemon here finds it done.
    const still = await sql.get(
      "SELECT 1 FROM mcpd.contexts WHERE k = $1 AND archived ->> 'file' = $2 FOR UPDATE",
      [found.k, found.stub.file],
    )
    if (!still) return
    await sql.all('UPDATE mcpd.contexts SET archived = NULL, rev = rev + 1 WHERE k = $1', [found.k])
    for (const request of appends) await again(request, (next) => append(sql, writer, next))
  })
  failpoint('archive-thawed')
  // It is not named any more, and stays for a while for whoever sets the database back.
  await files.touch(found.stub.file)
  return true
}

const again = async (
  request: Append,
  write: (request: Append) => Promise<{ readonly outcome: string }>,
): Promise<void> => {
  if ((await write(request)).outcome !== 'ok') throw contradicts(request)
}

/** The next context, by number, that nobody has used for so long, and in which nothing is under way. */
const nextCold = (database: Database, afterMs: number, after: number): Promise<Cold | undefined> =>
  database.get<Cold>(
    `SELECT k, rev, tenant, context FROM mcpd.contexts AS c
     WHERE k > $1 AND tenant <> '' AND archived IS NULL AND turns > 0 AND updated_at < ${serverNow} - $2::bigint
     AND NOT EXISTS (SELECT 1 FROM mcpd.turns AS t WHERE t.k = c.k AND t.owner IS NOT NULL)
     AND NOT EXISTS (SELECT 1 FROM mcpd.idempotency AS i WHERE i.k = c.k) ORDER BY k LIMIT 1`,
    [after, afterMs],
  )

/** Takes the rows of a context away and leaves a stub, in one transaction; false where it was changed meanwhile. */
const putStub = (database: Database, { k, rev }: Pick<Cold, 'k' | 'rev'>, stub: Stub): Promise<boolean> =>
  database.transaction(async (sql) => {
    const held = await sql.get(
      `UPDATE mcpd.contexts SET archived = $3, turns = 0, rev = rev + 1
       WHERE k = $1 AND rev = $2 AND tenant <> '' AND archived IS NULL RETURNING k`,
      [k, rev, JSON.stringify(stub)],
    )
    if (!held) return false
    await sql.all('DELETE FROM mcpd.heads WHERE k = $1', [k])
    await sql.all('DELETE FROM mcpd.turns WHERE k = $1', [k])
    await sql.all('DELETE FROM mcpd.segments WHERE k = $1', [k])
    return true
  })

const isThere = async (database: Database, { tenant, context }: ContextKey): Promise<boolean> =>
  (await database.get('SELECT 1 FROM mcpd.contexts WHERE tenant = $1 AND context = $2', [
    tenant,
    context,
  ])) !== undefined

const readStub = (
  database: Database,
  { tenant, context }: ContextKey,
): Promise<{ readonly k: number; readonly stub: Stub } | undefined> =>
  database.get<{ k: number; stub: Stub }>(
    'SELECT k, archived AS stub FROM mcpd.contexts WHERE tenant = $1 AND context = $2 AND archived IS NOT NULL',
    [tenant, context],
  )

/** Takes the files away that nothing names, for long enough that nobody is just about to. */
const sweep = async (database: Database, files: ArchiveFiles): Promise<void> => {
  const names = await files.untouched(orphanMs)
  if (names.length === 0) return
  const used = await database.all<{ file: string }>(
    "SELECT archived ->> 'file' AS file FROM mcpd.contexts WHERE archived ->> 'file' = ANY ($1::text[])",
    [names],
  )
  const isUsed = new Set(used.map(({ file }) => file))
  for (const name of names) if (!isUsed.has(name)) await files.remove(name)
}
