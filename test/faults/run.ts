// `npm run test:faults -- [--rounds N] [--seed N] [--postgres]`: kills writers again and again, in each way that there is, and reads
// everything back; then the same over writers that acknowledge too early, which must be found out. Prints its seed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startPostgres } from '../harness/postgres.ts'
import { runPostgresStorm } from './postgres-storm.ts'
import { runStorm, type StormOptions } from './storm.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '70' },
    postgres: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const rounds = Number(values.rounds)
const seed = Number(values.seed)

/** Over the SQLite journal; with `--postgres` over a server of its own, two processes at once. */
const run = async (options: StormOptions) => {
  if (!values.postgres) return runStorm(options)
  const server = await startPostgres([])
  try {
    return { ...(await runPostgresStorm(server, options)), startMaxMs: undefined }
  } finally {
    await server.close()
  }
}

const storm = async (isWriteBehind: boolean) => {
  const directory = await mkdtemp(join(tmpdir(), 'mcpd-faults-'))
  try {
    return await run({
      directory,
      rounds: isWriteBehind ? 7 : rounds,
      seed,
      isWriteBehind,
      tell: (line) => console.log(`  ${line}`),
    })
  } finally {
    await rm(directory, { recursive: true })
  }
}

console.log(`seed ${seed}, ${rounds} rounds`)
const { acknowledged, wrong, startMaxMs } = await storm(false)
console.log(
  `${acknowledged} acknowledged, ${wrong.length} wrong${startMaxMs === undefined ? '' : `; slowest start after a kill ${Math.round(startMaxMs)} ms`}`,
)
for (const line of wrong.slice(0, 50)) console.log(`  ${line}`)

console.log('writers that acknowledge too early:')
const control = await storm(true)
console.log(`  ${control.acknowledged} acknowledged, ${control.wrong.length} found wrong, as they must be`)

process.exitCode = wrong.length > 0 || control.wrong.length === 0 ? 1 : 0
