import { McpdError } from '../../../../core/errors.ts'
import type { Database, Sql } from './database.ts'
import { unavailable } from './failure.ts'
import { views } from './views.ts'

/**
 * `k` numbers a context, `t` a turn, `s` a segment, `n` an entry of the outbox. `rev` of a context rises with every
 * change of it: who writes says which one it has read. A turn's body is in its row until it is sealed, then at an
 * offset of a segment. A deleted context has no tenant: nobody finds it, and its rows go when there is time.
 *
 * The bytes of bodies are the truth; `about` is JSON text for the same reason, for JSONB refuses NULs and orders
 * members anew. `tags` and `words` are copies to search by: those of a turn until it is sealed, then
 * those of its whole segment, which take less room.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE mcpd.contexts (
    k bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant text COLLATE "C" NOT NULL,
    context text COLLATE "C" NOT NULL, rev bigint NOT NULL DEFAULT 1, about text NOT NULL, tags jsonb NOT NULL,
    pinned smallint NOT NULL, turns integer NOT NULL, created_at bigint NOT NULL, updated_at bigint NOT NULL,
    UNIQUE (tenant, context));
  CREATE INDEX contexts_by_time ON mcpd.contexts (tenant, updated_at DESC, context);
  CREATE INDEX contexts_by_tag ON mcpd.contexts USING gin (tags);
  CREATE TABLE mcpd.heads (
    k bigint NOT NULL, name text COLLATE "C" NOT NULL, turn text COLLATE "C", PRIMARY KEY (k, name));
  CREATE TABLE mcpd.turns (
    t bigint GENERATED ALWAYS AS IDENTITY, k bigint NOT NULL, id text COLLATE "C" NOT NULL,
    parent text COLLATE "C", seq integer NOT NULL, role smallint NOT NULL, at bigint NOT NULL,
    state smallint NOT NULL, pinned smallint NOT NULL, origin text, body_hash bytea NOT NULL,
    chain_hash bytea NOT NULL, body_bytes integer NOT NULL, packed smallint, data bytea, s bigint, "offset" integer,
    owner bigint, words tsvector, PRIMARY KEY (k, id));
  ALTER TABLE mcpd.turns ALTER COLUMN data SET STORAGE EXTERNAL;
  CREATE INDEX turns_by_id ON mcpd.turns (id);
  CREATE INDEX turns_by_owner ON mcpd.turns (owner) WHERE owner IS NOT NULL;
  CREATE INDEX turns_by_words ON mcpd.turns USING gin (words);
  CREATE TABLE mcpd.segments (
    s bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, k bigint NOT NULL, hash bytea NOT NULL,
    raw_bytes integer NOT NULL, data bytea NOT NULL);
  ALTER TABLE mcpd.segments ALTER COLUMN data SET STORAGE EXTERNAL;
  CREATE INDEX segments_by_context ON mcpd.segments (k);
  CREATE TABLE mcpd.idempotency (
    k bigint NOT NULL, key bytea NOT NULL, fingerprint bytea NOT NULL, head text, turns text[] NOT NULL,
    at bigint NOT NULL, PRIMARY KEY (k, key));
  CREATE INDEX idempotency_by_time ON mcpd.idempotency (at);
  CREATE TABLE mcpd.outbox (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event text NOT NULL, tenant text NOT NULL,
    context text NOT NULL, turns text[] NOT NULL);
  CREATE TABLE mcpd.consumers (name text PRIMARY KEY, through bigint NOT NULL);
  CREATE TABLE mcpd.owners (
    fence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, beat timestamptz NOT NULL DEFAULT clock_timestamp());
  `,
  // A daemon of the version before goes on beside this one. What is encrypted it cannot read: it finds no hash and no
  // JSON there, which are errors, and never writes behind it.
  `
  ALTER TABLE mcpd.turns ALTER COLUMN body_hash DROP NOT NULL, ALTER COLUMN chain_hash DROP NOT NULL,
    ADD COLUMN facts bytea;
  ALTER TABLE mcpd.contexts ADD COLUMN sealed bytea, ADD COLUMN archived jsonb,
    ADD CONSTRAINT archived_empty CHECK (archived IS NULL OR turns = 0);
  CREATE INDEX contexts_by_archived_turn ON mcpd.contexts USING gin ((archived -> 'ids')) WHERE archived IS NOT NULL;
  CREATE TABLE mcpd.store (id text NOT NULL DEFAULT gen_random_uuid()::text);
  INSERT INTO mcpd.store DEFAULT VALUES;
  `,
  // Words of sealed turns, once for a segment. Where the version before has sealed, they are still those of each turn.
  `
  ALTER TABLE mcpd.segments ADD COLUMN words tsvector;
  CREATE INDEX segments_by_words ON mcpd.segments USING gin (words) WITH (gin_pending_list_limit = 256);
  ALTER INDEX mcpd.turns_by_words SET (gin_pending_list_limit = 256);
  `,
  views,
]

/** The time of the server in Unix milliseconds: daemons whose clocks differ agree on it. */
export const serverNow = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'

/** Daemons that start together wait for one another: the letters of "mcpd". */
const migrationLock = 0x6d637064

/** The first version with all that the statements use. */
const serverMin = 130_000

/**
 * Brings the database to the schema of this mcpd, in one transaction. Throws CONFIG_INVALID for a newer schema and a
 * server that will not do, and STORE_UNAVAILABLE for one that is read-only or lacks rights.
 */
export const migrate = (database: Database): Promise<void> =>
  database.transaction(async (sql) => {
    await checkServer(sql)
    await sql.all('SELECT pg_advisory_xact_lock($1)', [migrationLock])
    // The right to create schemas is needed where there is none only.
    if (!(await sql.get("SELECT 1 FROM pg_namespace WHERE nspname = 'mcpd'")))
      await sql.all('CREATE SCHEMA mcpd')
    if (!(await sql.get("SELECT 1 FROM pg_tables WHERE schemaname = 'mcpd' AND tablename = 'migrations'")))
      await sql.all(
        'CREATE TABLE mcpd.migrations (version integer PRIMARY KEY, at timestamptz DEFAULT now())',
      )
    const row = await sql.get<{ version: number | null }>(
      'SELECT max(version) AS version FROM mcpd.migrations',
    )
    const version = row?.version ?? 0
    if (version > migrations.length)
      throw new McpdError(
        'CONFIG_INVALID',
        `The contexts in PostgreSQL were written by a newer mcpd (schema ${version}; this one knows ${migrations.length}).`,
        { suggestions: ['Start that version, or name another database in contexts.journal.'] },
      )
    for (const [index, statements] of migrations.entries()) {
      if (index < version) continue
      await sql.all(statements)
      await sql.all('INSERT INTO mcpd.migrations (version) VALUES ($1)', [index + 1])
    }
  })

const checkServer = async (sql: Sql): Promise<void> => {
  const server = await sql.get<{ version: number; encoding: string; readonly: string }>(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
     current_setting('transaction_read_only') AS readonly`,
  )
  if (!server) throw unavailable('it does not say what it is')
  if (server.readonly === 'on') throw unavailable('it is read-only, such as a replica')
  if (server.version < serverMin)
    throw new McpdError('CONFIG_INVALID', 'PostgreSQL is too old for contexts; they need version 13.')
  if (server.encoding !== 'UTF8')
    throw new McpdError(
      'CONFIG_INVALID',
      `The database of contexts.journal is encoded in ${server.encoding}; contexts need UTF8.`,
      { suggestions: ['Create one with `createdb --encoding=UTF8 --template=template0`.'] },
    )
}
