import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { journalSuite, type JournalSubject, suiteConsumer } from '../../src/conformance/journal-suite.ts'
import type { MasterKey } from '../../src/daemon/contexts/encryption/vault.ts'
import { newId } from '../../src/daemon/contexts/ids.ts'
import { createMemoryJournal } from '../../src/daemon/contexts/journal/memory.ts'
import { openSqliteJournal } from '../../src/daemon/contexts/journal/sqlite.ts'
import { runSuite } from './run-suite.ts'

const consumers = [suiteConsumer]

const memory = async (): Promise<JournalSubject> => {
  const journal = createMemoryJournal({ now: Date.now, newId, consumers })
  return { journal, close: () => journal.close() }
}

const sqlite = (keys: readonly MasterKey[]) => async (): Promise<JournalSubject> => {
  const directory = await mkdtemp(join(tmpdir(), 'mcpd-journal-'))
  const open = () => openSqliteJournal({ path: join(directory, 'contexts.db'), consumers, keys })
  let journal = await open()
  return {
    journal,
    reopen: async () => {
      await journal.close()
      journal = await open()
      return journal
    },
    close: async () => {
      await journal.close()
      await rm(directory, { recursive: true })
    },
  }
}

runSuite('the memory journal', journalSuite({ make: memory }, false))
runSuite('the sqlite journal', journalSuite({ make: sqlite([]) }, true))
/** What reads or writes something that is encrypted, by a word of its title; the postgres journal does all of them. */
const touched =
  /cut short|idempotency key writes|whatever is in them|by tag|said about|words|sealing|restored|reopened|again/
runSuite(
  'the sqlite journal, encrypted',
  journalSuite({ make: sqlite([{ id: 'k1', key: new Uint8Array(32).fill(7) }]) }, true).filter(({ name }) =>
    touched.test(name),
  ),
)
