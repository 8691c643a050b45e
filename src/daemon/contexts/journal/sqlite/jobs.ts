import { isMcpdError } from '../../../../core/errors.ts'
import { Crash, failpoint } from '../../failpoint.ts'
import { storeError } from './failure.ts'
import type { Sql } from './statements.ts'

/** One change that was asked for. */
export interface Job {
  readonly work: () => unknown
  readonly done: (answer: unknown) => void
  readonly failed: (error: unknown) => void
}

/**
 * Does changes in one transaction and answers after it is on the disk: however many wait, they wait for the disk
 * once. A change that is refused takes back only itself. Where the transaction itself fails each change is tried
 * alone, so that one that cannot be written does not fail the others. Returns the error of the store, if there was one.
 */
export const commitJobs = (sql: Sql, jobs: readonly Job[]): unknown => {
  let settle: readonly (() => void)[]
  try {
    settle = sql.transaction(
      () => jobs.map((job) => attempt(sql, job)),
      () => failpoint('before-commit'),
    )
  } catch (error) {
    if (error instanceof Crash) throw error
    const [only] = jobs
    if (jobs.length > 1) return jobs.reduce<unknown>((last, job) => commitJobs(sql, [job]) ?? last, undefined)
    only?.failed(storeError(error))
    return error
  }
  failpoint('after-commit')
  for (const answer of settle) answer()
  failpoint('after-acknowledgement')
  return undefined
}

/** What to say once all is committed. Throws what the store throws. */
const attempt = (sql: Sql, { work, done, failed }: Job): (() => void) => {
  sql.exec('SAVEPOINT job')
  try {
    const answer = work()
    sql.exec('RELEASE job')
    return () => done(answer)
  } catch (error) {
    if (!isMcpdError(error)) throw error
    sql.exec('ROLLBACK TO job; RELEASE job')
    return () => failed(error)
  }
}
