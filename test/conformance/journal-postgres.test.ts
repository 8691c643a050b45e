import { afterAll, beforeAll } from 'vitest'
import { journalSuite, type JournalSubject, suiteConsumer } from '../../src/conformance/journal-suite.ts'
import { createVault, type MasterKey } from '../../src/daemon/contexts/encryption/vault.ts'
import { newId } from '../../src/daemon/contexts/ids.ts'
import { openPostgresJournal } from '../../src/daemon/contexts/journal/postgres.ts'
import { postgresMissing, type PostgresServer, startPostgres } from '../harness/postgres.ts'
import { runSuite } from './run-suite.ts'

const missing = postgresMissing()

let server: PostgresServer | undefined
beforeAll(async () => {
  if (missing === undefined) server = await startPostgres()
})
afterAll(() => server?.close())

const postgres = (keys: readonly MasterKey[]) => async (): Promise<JournalSubject> => {
  await server?.query('DROP SCHEMA IF EXISTS mcpd CASCADE')
  const open = () =>
    openPostgresJournal({
      url: server?.url ?? '',
      now: Date.now,
      newId,
      consumers: [suiteConsumer],
      vault: createVault(keys),
    })
  let journal = await open()
  return {
    journal,
    reopen: async () => {
      await journal.close()
      journal = await open()
      return journal
    },
    close: () => journal.close(),
  }
}

const key: MasterKey = { id: 'k1', key: new Uint8Array(32).fill(7) }

for (const [name, keys] of [
  ['the postgres journal', []],
  ['the postgres journal, encrypted', [key]],
] as const)
  runSuite(
    name,
    journalSuite({ make: postgres(keys) }, true, true).map((check) => ({
      ...check,
      ...(missing !== undefined && { skipped: missing }),
    })),
  )
