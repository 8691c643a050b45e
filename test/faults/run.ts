// `npm run test:faults -- [--rounds N] [--seed N]`: kills writers again and again, in each way that there is, and reads
// everything back; then the same over writers that acknowledge too early, which must be found out. Prints its seed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runStorm } from './storm.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '70' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const rounds = Number(values.rounds)
const seed = Number(values.seed)

const storm = async (isWriteBehind: boolean) => {
  const directory = await mkdtemp(join(tmpdir(), 'mcpd-faults-'))
  try {
    return await runStorm({
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
  `${acknowledged} acknowledged, ${wrong.length} wrong; slowest start after a kill ${Math.round(startMaxMs)} ms`,
)
for (const line of wrong.slice(0, 50)) console.log(`  ${line}`)

console.log('writers that acknowledge too early:')
const control = await storm(true)
console.log(`  ${control.acknowledged} acknowledged, ${control.wrong.length} found wrong, as they must be`)

process.exitCode = wrong.length > 0 || control.wrong.length === 0 ? 1 : 0
