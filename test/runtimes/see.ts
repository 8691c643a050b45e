import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { operations, type Operation } from '../../src/core/inference.ts'
import { renderTable, rows, type Seen, withTable } from './table.ts'

/**
 * Asks the real runtimes, writes down which operations passed (test/runtimes/seen.json), and with them the table of
 * docs/runtimes.md. What could not be asked this time stays as it was seen last.
 */

/** As test/runtimes/install.ts installs them; the Ollama is that of docs/results/runtimes-ollama.md. */
const versions: Readonly<Record<string, string>> = {
  'a real Ollama': '0.20.0',
  'a real Triton': 'PyTriton 0.7.0',
  'a real MLServer': '1.7.1',
  'a real FastChat': '0.2.36',
  'a real server of llama-cpp-python': '0.3.36',
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[]
      readonly title: string
      readonly status: string
    }[]
  }[]
}

const seenFile = new URL('seen.json', import.meta.url)
const pageFile = new URL('../../docs/runtimes.md', import.meta.url)

const folder = await mkdtemp(join(tmpdir(), 'mcpd-see-'))
const reportFile = join(folder, 'report.json')
spawnSync('vitest', ['run', '--project', 'runtimes', '--reporter=json', `--outputFile=${reportFile}`], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
const report = JSON.parse(await readFile(reportFile, 'utf8')) as Report
await rm(folder, { recursive: true, force: true })

const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults)
const date = new Date().toISOString().slice(0, 10)
const before = JSON.parse(await readFile(seenFile, 'utf8').catch(() => '[]')) as Seen[]

/** An operation was seen when something was asked of it and nothing about it failed. */
const seenIn = (suite: string): Operation[] =>
  operations.filter((operation) => {
    const about = tests.filter(
      ({ ancestorTitles, title }) =>
        ancestorTitles.join(', ').endsWith(suite) && title.startsWith(`${operation}: `),
    )
    return about.some(({ status }) => status === 'passed') && about.every(({ status }) => status !== 'failed')
  })

const seen = rows.flatMap(({ suite }): Seen[] => {
  if (suite === undefined) return []
  const found = seenIn(suite)
  if (found.length === 0) return before.filter((each) => each.suite === suite)
  const version = versions[suite.split(', ')[0] ?? ''] ?? ''
  return [{ suite, version, date, operations: found }]
})
await writeFile(seenFile, `${JSON.stringify(seen, null, 2)}\n`)
await writeFile(pageFile, withTable(await readFile(pageFile, 'utf8'), renderTable(seen)))
spawnSync('oxfmt', [pageFile.pathname, seenFile.pathname])
const counts = Object.groupBy(tests, ({ status }) => status)
for (const [status, list = []] of Object.entries(counts)) console.info(`${list.length} ${status}`)
