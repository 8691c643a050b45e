import { newId } from '../../../../../src/daemon/contexts/ids.ts'
import { openPostgresJournal } from '../../../../../src/daemon/contexts/journal/postgres.ts'

/** A daemon that archives what it has, reads one context, and may die on the way: its failpoint is in the environment. */
const [url = '', directory = ''] = process.argv.slice(2)
const journal = await openPostgresJournal({
  url,
  now: Date.now,
  newId,
  archive: { directory, afterMs: 0 },
})
await journal.collect({})
await journal.path({ tenant: 'default', context: 'a' }, { head: 'main' })
await journal.close()
