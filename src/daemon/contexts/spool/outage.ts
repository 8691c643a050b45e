import { isMcpdError } from '../../../core/errors.ts'

/** Whether PostgreSQL is away, and since when: monotonic milliseconds, of the start of the first call that failed. */
export interface Outage {
  readonly sinceMs: () => number | undefined
  /** A call that was begun at this time has failed for PostgreSQL being away. */
  begin(startedMs: number): void
  end(): void
}

export const isUnavailable = (error: unknown): boolean =>
  isMcpdError(error) && error.code === 'STORE_UNAVAILABLE'

export const createOutage = (changed: (isAway: boolean) => void): Outage => {
  let sinceMs: number | undefined
  return {
    sinceMs: () => sinceMs,
    begin: (startedMs) => {
      if (sinceMs !== undefined) return
      sinceMs = startedMs
      changed(true)
    },
    end: () => {
      if (sinceMs === undefined) return
      sinceMs = undefined
      changed(false)
    },
  }
}
