// `npm test`: everything that says whether mcpd works. `npm run check` is its quick half (`--quick`).
// Runs every part even after a failure and closes with `N passed, N failed, N skipped` alone on the last line.
// A tool such as the type checker counts as one test.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const quick = process.argv.includes('--quick')

const tools = [
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'dead code', command: ['knip'] },
]
const quickProjects = ['unit', 'conformance', 'tidy']
const slowProjects = ['property', 'e2e', 'browser']

const environment = {
  ...process.env,
  PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
}
const run = ([program, ...words]) => {
  const { status, error } = spawnSync(program, words, { cwd: root, env: environment, stdio: 'inherit' })
  if (error) console.error(`${program} did not start: ${error.message}`)
  return status === 0
}

const total = { passed: 0, failed: 0, skipped: 0 }
const skipped = []
const failures = []
const count = (name, ok) => {
  total[ok ? 'passed' : 'failed'] += 1
  if (!ok) failures.push(name)
}

const hasTests = (project) => {
  const folder = join(root, 'test', project)
  return (
    existsSync(folder) &&
    readdirSync(folder, { recursive: true }).some((file) => String(file).endsWith('.test.ts'))
  )
}

const fullName = (file, assertion) => `${file.name.slice(root.length)} > ${assertion.fullName}`

/** vitest leaves one core to the machine; on two that would be half of them. */
const workers = Math.max(2, availableParallelism() - 1)

/** Runs vitest once for some projects and adds its counts up. */
const runProjects = (projects) => {
  const present = projects.filter(hasTests)
  for (const project of projects) if (!present.includes(project)) skipped.push(`${project}: no tests yet`)
  if (present.length === 0) return
  const folder = mkdtempSync(join(tmpdir(), 'mcpd-test-'))
  const report = join(folder, 'report.json')
  const ok = run([
    'vitest',
    'run',
    `--maxWorkers=${workers}`,
    ...present.flatMap((project) => ['--project', project]),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ])
  const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined
  rmSync(folder, { recursive: true, force: true })
  let failed = 0
  for (const file of results?.testResults ?? []) {
    // A file that does not even load has no tests of its own to fail.
    if (file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed')) {
      failed += 1
      failures.push(`${file.name.slice(root.length)}: ${file.message}`)
    }
    for (const assertion of file.assertionResults) {
      if (assertion.status === 'passed') total.passed += 1
      else if (assertion.status === 'failed') {
        failed += 1
        failures.push(fullName(file, assertion))
      } else {
        total.skipped += 1
        skipped.push(fullName(file, assertion))
      }
    }
  }
  total.failed += failed
  // Whatever else made vitest fail (an unhandled rejection, no report) must not be counted as a success.
  if (!ok && failed === 0) count(`vitest ${present.join(', ')}`, false)
}

for (const { name, command } of tools) {
  console.log(`\n# ${name}`)
  count(name, run(command))
}
console.log(`\n# tests: ${quickProjects.join(', ')}`)
runProjects(quickProjects)
if (!quick)
  for (const project of slowProjects) {
    console.log(`\n# tests: ${project}`)
    runProjects([project])
  }

if (skipped.length > 0) console.log(`\nSkipped:\n  ${skipped.join('\n  ')}`)
if (failures.length > 0) console.log(`\nFailed:\n  ${failures.join('\n  ')}`)
process.exitCode = total.failed > 0 ? 1 : 0
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
