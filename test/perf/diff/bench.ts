import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, homedir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { compare } from '../../../src/crawler/diff/compare/compare.ts'
import { diffDocuments } from '../../../src/crawler/diff/diff.ts'
import { judge } from '../../../src/crawler/diff/judge.ts'
import { defaultPolicy } from '../../../src/crawler/diff/policy.ts'
import { loadDocument } from '../../../src/openapi/load.ts'
import { openSpec } from '../../../src/openapi/spec.ts'
import { corpus, corpusFiles } from '../../harness/corpus.ts'

/**
 * How long `mcpd diff` takes, and how much memory: `npm run bench:diff`. The large documents are those of GitHub, two
 * versions of the npm package @octokit/openapi, fetched once into a cache outside of the repository.
 */
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'mcpd', 'bench-diff')
const versions = { base: '22.0.0', revision: '23.0.2' }
const now = Date.parse('2026-11-22')

const fetched = (version: string): Buffer => {
  const folder = join(cache, version)
  const file = join(folder, 'node_modules/@octokit/openapi/generated/api.github.com.json')
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{"private":true}')
    execFileSync(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', `@octokit/openapi@${version}`],
      {
        cwd: folder,
        stdio: 'inherit',
      },
    )
  }
  return readFileSync(file)
}

interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: 'ms' | 'MB'
  readonly goal?: number
}

const figures: Figure[] = []

const timed = async <Result>(
  name: string,
  goal: number | undefined,
  work: () => Result | Promise<Result>,
): Promise<Result> => {
  const start = performance.now()
  const result = await work()
  figures.push({
    name,
    value: Math.round(performance.now() - start),
    unit: 'ms',
    ...(goal !== undefined && { goal }),
  })
  return result
}

const [base, revision] = [fetched(versions.base), fetched(versions.revision)]
const megabytes = (bytes: Buffer): string => (bytes.length / 2 ** 20).toFixed(1)

const found = await timed(
  `GitHub ${megabytes(base)} → ${megabytes(revision)} MiB: load, normalise, diff, judge`,
  2000,
  () => {
    const facts = compare(openSpec(loadDocument(base, 'base')), openSpec(loadDocument(revision, 'revision')))
    return judge(facts, defaultPolicy, now)
  },
)
const report = await timed('the same as a whole report, with health, places and proofs', undefined, () =>
  diffDocuments(
    { label: 'base', raw: base },
    { label: 'revision', raw: revision },
    { policy: defaultPolicy, now },
  ),
)
await timed('the same document twice', 150, () =>
  diffDocuments(
    { label: 'base', raw: revision },
    { label: 'revision', raw: Buffer.from(revision) },
    { policy: defaultPolicy, now },
  ),
)
figures.push({
  name: 'memory at most',
  value: Math.round(process.resourceUsage().maxRSS / 1024),
  unit: 'MB',
  goal: 1500,
})

const history = corpusFiles(corpus('specs')).filter(({ name }) => name.startsWith('tgi'))
if (history.length > 1)
  await timed('a history of 100 versions of up to 68 KB, step by step', 3000, async () => {
    for (let at = 0; at < 100; at++) {
      const [older, newer] = [history[at % history.length], history[(at + 1) % history.length]]
      if (older && newer)
        await diffDocuments(
          { label: older.name, raw: older.raw },
          { label: newer.name, raw: newer.raw },
          { policy: defaultPolicy, now },
        )
    }
  })

process.stdout.write(`node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}\n`)
process.stdout.write(
  `${found.length} changes; ${report.changes.filter(({ witness }) => witness).length} proven, ${report.changes.filter(({ unproven }) => unproven).length} breaking ones of schemas unproven\n\n`,
)
for (const { name, value, unit, goal } of figures)
  process.stdout.write(
    `${String(value).padStart(6)} ${unit}${goal === undefined ? '' : ` (goal < ${goal})`}  ${name}\n`,
  )
if (figures.some(({ value, goal }) => goal !== undefined && value >= goal)) process.exitCode = 1
