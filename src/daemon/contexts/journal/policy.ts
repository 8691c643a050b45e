import type { CollectPolicy } from '../../../core/journal.ts'

const dayMs = 86_400_000

/** Contexts of a tenant whose last turn is older than this time are to be deleted; undefined: none. */
export const expiryOf = (
  { retentionMs, tenantRetentionMs = {} }: CollectPolicy,
  tenant: string,
  now: number,
): number | undefined => {
  const ms = Object.hasOwn(tenantRetentionMs, tenant) ? tenantRetentionMs[tenant] : retentionMs
  return ms === undefined || ms === Infinity ? undefined : now - ms
}

/** Idempotency keys from before this time may be forgotten: a client may come back for a day at least. */
export const keysBefore = ({ idempotencyMs = dayMs }: CollectPolicy, now: number): number =>
  now - Math.max(idempotencyMs, dayMs)
