import { emptyBody } from '../../../../core/canonical-json.ts'
import type { Append } from '../../../../core/context.ts'
import { roleOf } from '../sqlite/rows.ts'
import type { Database } from './database.ts'
import { goneChannel } from './wake.ts'

/**
 * That a daemon runs: a number which it renews. Turns that it opens bear the number; when it is not renewed for
 * `leaseMs`, others abort them, and a daemon that was only asleep finds them closed and gets another number.
 */
export interface Lease {
  readonly fence: () => number
  /** Says that the daemon is there; with a new number where the old one was taken away. */
  beat(): Promise<void>
  /** Takes the numbers away that were not renewed in time. */
  expire(): Promise<void>
  /** The turns left open by who has no number any more, as the appends that abort them; some hundred at a time. */
  abandoned(): Promise<readonly Append[]>
  /** Nobody has to wait for a daemon that says that it goes: where it leaves turns open the others are woken. */
  end(): Promise<void>
}

export const takeLease = async (database: Database, leaseMs: number): Promise<Lease> => {
  const take = async (): Promise<number> => {
    const row = await database.get<{ fence: number }>(
      'INSERT INTO mcpd.owners (beat) VALUES (clock_timestamp()) RETURNING fence',
    )
    return row?.fence ?? 0
  }
  let fence = await take()
  return {
    fence: () => fence,
    beat: async () => {
      const kept = await database.get(
        'UPDATE mcpd.owners SET beat = clock_timestamp() WHERE fence = $1 RETURNING fence',
        [fence],
      )
      if (!kept) fence = await take()
    },
    expire: async () => {
      await database.all(
        "DELETE FROM mcpd.owners WHERE beat < clock_timestamp() - $1 * interval '1 millisecond' AND fence <> $2",
        [leaseMs, fence],
      )
    },
    abandoned: async () => {
      const rows = await database.all<{
        tenant: string
        context: string
        id: string
        role: number
        head: string
      }>(
        `SELECT c.tenant, c.context, t.id, t.role, coalesce(
           (SELECT name FROM mcpd.heads AS h WHERE h.k = t.k AND h.turn = t.id LIMIT 1),
           (SELECT min(name) FROM mcpd.heads AS h WHERE h.k = t.k)) AS head
         FROM mcpd.turns AS t JOIN mcpd.contexts AS c USING (k)
         WHERE t.owner IS NOT NULL AND c.tenant <> '' AND t.owner NOT IN (SELECT fence FROM mcpd.owners) LIMIT 100`,
      )
      return rows.map(({ tenant, context, id, role, head }) => ({
        tenant,
        context,
        head,
        expected: '*',
        closes: id,
        turns: [{ role: roleOf(role), body: emptyBody(roleOf(role)), state: 'aborted' as const }],
      }))
    },
    end: async () => {
      await database.all(
        `WITH gone AS (DELETE FROM mcpd.owners WHERE fence = $1 RETURNING fence)
         SELECT pg_notify('${goneChannel}', '') FROM gone WHERE EXISTS (SELECT 1 FROM mcpd.turns WHERE owner = fence)`,
        [fence],
      )
    },
  }
}
