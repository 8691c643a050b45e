import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, platform, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { postgresMissing, postgresVersion } from '../harness/postgres.ts'
import { redisMissing } from '../harness/redis.ts'
import { controls, runControl } from './controls.ts'
import { type ControlResult, render, type Result, type StoreResult } from './result.ts'
import { runStorm } from './storm.ts'
import { type Store, stores } from './system.ts'

const usage = `npm run test:faults -- [options]

Clients write through two daemons while one thing after the other goes wrong; then everything is read back.
  --store NAME,…   ${stores.join(', ')}; default: all whose servers are installed
  --faults N       of each store; default 100
  --seed N         of the plan; default: another one each time, which is printed
  --encrypted      with contexts.encryption
  --no-controls    without the builds that must be found out
  --write          write docs/results/faults.md
`

const { values: flags } = parseArgs({
  allowNegative: true,
  options: {
    store: { type: 'string' },
    faults: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    encrypted: { type: 'boolean', default: false },
    controls: { type: 'boolean', default: true },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const root = fileURLToPath(new URL('../..', import.meta.url))
const faults = Number(flags.faults)
const seed = Number(flags.seed)
const load = loadavg()[0] ?? 0
const startedAt = new Date()

/** Why a store cannot be tried here. */
const missingFor = (store: Store): string | undefined =>
  (store.includes('postgres') ? postgresMissing() : undefined) ??
  (store.includes('redis') ? redisMissing() : undefined)

const firstLine = (program: string, ...words: readonly string[]): string => {
  try {
    return execFileSync(program, words, { cwd: root, encoding: 'utf8' }).split('\n')[0]?.trim() ?? ''
  } catch {
    return `${program} unknown`
  }
}

/** In a folder of its own, which is kept where something was wrong. */
const inFolder = async <Made>(
  work: (folder: string) => Promise<Made>,
  isGood: (made: Made) => boolean,
): Promise<Made> => {
  const folder = await mkdtemp(join(tmpdir(), 'mcpd-faults-'))
  const made = await work(folder)
  if (isGood(made)) await rm(folder, { recursive: true })
  else console.log(`  kept: ${folder}`)
  return made
}

const tell = (line: string): void => console.log(`  ${line}`)

const runStore = async (store: Store): Promise<StoreResult> => {
  console.log(`${store}: seed ${seed}, ${faults} faults`)
  const startedMs = performance.now()
  const result = await inFolder(
    (folder) =>
      runStorm({
        store,
        folder,
        faults,
        seed,
        // An answer that another daemon has aborted gets another id when it comes out of a spool.
        builds: store.includes('spool') ? [] : ['short-lease'],
        encrypted: flags.encrypted,
        tell,
      }),
    ({ wrong }) => wrong.length === 0,
  )
  for (const line of result.wrong.slice(0, 50)) console.log(`  WRONG ${line}`)
  for (const { kind, injected, acknowledged, failed, wrong } of result.tallies)
    console.log(
      `  ${kind}: ${injected} injected, ${acknowledged} acknowledged, ${failed} failed, ${wrong} wrong`,
    )
  console.log(`${store}: ${result.acknowledged} acknowledged, ${result.wrong.length} wrong`)
  return { ...result, store, seconds: (performance.now() - startedMs) / 1000 }
}

const save = async (made: Pick<Result, 'stores' | 'controls'>): Promise<void> => {
  const result: Result = {
    ...made,
    date: startedAt.toISOString().slice(0, 16).replace('T', ' '),
    command: [
      'npm run test:faults --',
      ...process.argv.slice(2).filter((word) => word !== '--write'),
      '--write',
    ].join(' '),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, ${platform()} ${release()}`,
    versions: [
      `Node ${process.version}`,
      postgresVersion(),
      firstLine('redis-server', '--version').split(' sha')[0],
    ]
      .filter(Boolean)
      .join(', '),
    commit: firstLine('git', 'rev-parse', '--short', 'HEAD'),
    load,
  }
  if (flags.write) await writeFile(join(root, 'docs/results/faults.md'), render(result))
}

const run = async (): Promise<void> => {
  if (flags.help) return console.log(usage)
  const wanted = flags.store?.split(',') ?? stores
  const results: StoreResult[] = []
  const found: ControlResult[] = []
  for (const store of stores.filter((each) => wanted.includes(each))) {
    const missing = missingFor(store)
    if (missing !== undefined) {
      console.log(`${store}: skipped, ${missing}`)
      continue
    }
    results.push(await runStore(store))
    // What is there stands, whatever comes of the others.
    await save({ stores: results, controls: found })
  }
  for (const control of flags.controls ? controls : []) {
    if (!wanted.includes(control.store) || missingFor(control.store) !== undefined) continue
    const wrong = await inFolder(
      (folder) => runControl(control, { folder, seed }),
      () => true,
    )
    found.push({ ...control, found: wrong })
    console.log(`${control.build} over ${control.store}: ${wrong.length} found wrong, as they must be`)
    for (const line of wrong.slice(0, 3)) console.log(`  ${line}`)
    await save({ stores: results, controls: found })
  }
  const isWell =
    results.every(({ wrong }) => wrong.length === 0) && found.every((control) => control.found.length > 0)
  process.exitCode = isWell && results.length > 0 ? 0 : 1
}

await run()
