import type { Check } from './check.ts'
import { appendChecks } from './journal-appends.ts'
import { keepingChecks, reopeningChecks } from './journal-keeping.ts'
import { positionChecks } from './journal-positions.ts'
import { readChecks } from './journal-reads.ts'
import { bindJournalCheck, type JournalSuiteOptions } from './journal-session.ts'

export type { JournalSubject, JournalSuiteOptions } from './journal-session.ts'
export { suiteConsumer } from './journal-session.ts'

/**
 * Everything a journal must do, whatever it keeps contexts in. Each check makes a journal of its own, and leaves a
 * store in which fsck finds nothing. `reopens` says that the subjects can be opened again, `isShared` that others may
 * write to them.
 */
export const journalSuite = (
  options: JournalSuiteOptions,
  reopens: boolean,
  isShared = false,
): readonly Check[] =>
  [
    ...appendChecks,
    ...readChecks,
    ...keepingChecks,
    ...reopeningChecks(reopens),
    ...positionChecks(isShared),
  ].map((check) => bindJournalCheck(options, check))
