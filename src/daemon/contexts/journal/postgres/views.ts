/**
 * What people may look at with SQL: contexts and the headers of turns, as JSONB where mcpd keeps JSON text. They are
 * made when they are looked at, so that they cost nothing and are never behind, whatever version has written. JSONB
 * refuses NULs and lone surrogates: they stand there as %0000. and %d83d. What is encrypted is null.
 *
 * Bodies are not among them: as JSONB beside the compressed bytes those that are not sealed yet would take more than
 * the compression saves.
 */
export const views = String.raw`
  CREATE FUNCTION mcpd.as_jsonb(kept text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $function$
  BEGIN
    RETURN regexp_replace(kept, '(?<!\\)((?:\\\\)*)\\u(0000|d[89a-f][0-9a-f]{2})', '\1%\2.', 'g')::jsonb;
  EXCEPTION WHEN others THEN
    RETURN NULL;
  END $function$;
  CREATE VIEW mcpd.context_headers AS
    SELECT tenant, context, mcpd.as_jsonb(about) AS about, coalesce((archived ->> 'turns')::integer, turns) AS turns,
      CASE WHEN archived IS NOT NULL THEN archived -> 'heads' ELSE (
        SELECT jsonb_object_agg(name, turn) FROM mcpd.heads WHERE heads.k = contexts.k) END AS heads,
      archived IS NOT NULL AS archived, to_timestamp(created_at / 1000.0) AS created_at,
      to_timestamp(updated_at / 1000.0) AS updated_at
    FROM mcpd.contexts WHERE tenant <> '';
  CREATE VIEW mcpd.turn_headers AS
    SELECT tenant, context, id, parent, seq, ('{system,developer,user,assistant,tool}'::text[])[role + 1] AS role,
      ('{streaming,complete,aborted}'::text[])[state + 1] AS state, to_timestamp(at / 1000.0) AS at,
      turns.pinned = 1 AS pinned, mcpd.as_jsonb(origin) AS origin, body_bytes, s IS NOT NULL AS sealed
    FROM mcpd.turns JOIN mcpd.contexts USING (k) WHERE tenant <> '';
  `
