import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Command } from 'commander'
import type { FuzzReport } from '../../../src/fuzz/report/schema.ts'

/**
 * `node test/perf/fuzz/stubs.ts DOCUMENT...`: fuzzes services that do what a document says, made from the document. Any
 * finding is a false alarm. What comes of steps in order is left out: the services keep nothing.
 */
const program = new Command('stubs')
  .argument('<document...>')
  .option('--seconds <number>', 'for each document', Number, 30)
  .option('--seed <number>', 'of each run', Number, 1)
  .option('--verbose', 'say what was found', false)
  .parse()
const options = program.opts<{ seconds: number; seed: number; verbose: boolean }>()

const peakMiB = (pid: number): number => {
  try {
    const [, kilobytes = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Math.round(Number(kilobytes) / 1024)
  } catch {
    return 0
  }
}

const fuzz = async (
  url: string,
): Promise<{ report: FuzzReport | undefined; peak: number; error: string }> => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-stubs-'))
  const output = join(folder, 'report.json')
  const words = ['fuzz', `${url}/openapi.json`, '--url', url, '--auth', 'bearer:stub-secret', '--phases']
  const limits = ['--time', `${options.seconds}s`, '--seed', String(options.seed), '--output', output]
  const child = spawn(
    process.execPath,
    ['bin/dev.js', ...words, 'probe,examples,coverage,random', ...limits, '--json'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let error = ''
  child.stderr.on('data', (chunk: Buffer) => (error += String(chunk)))
  let peak = 0
  const timer = setInterval(() => (peak = Math.max(peak, peakMiB(child.pid ?? 0))), 200)
  await once(child, 'close')
  clearInterval(timer)
  try {
    return { report: JSON.parse(readFileSync(output, 'utf8')) as FuzzReport, peak, error }
  } catch {
    return { report: undefined, peak, error }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

process.stdout.write(
  '| document | operations | with a success | requests | time | peak memory | findings |\n| --- | --- | --- | --- | --- | --- | --- |\n',
)
for (const document of program.args) {
  const stub = spawn(process.execPath, ['fixtures/fuzz/stub/main.ts', document], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [url] = (await once(createInterface(stub.stdout), 'line')) as [string]
  const { report, peak, error } = await fuzz(url)
  stub.kill('SIGKILL')
  await once(stub, 'close')
  const name = basename(document)
  if (!report) {
    process.stdout.write(`| ${name} | no report: ${error.slice(0, 300)} |\n`)
    process.exitCode = 1
    continue
  }
  const { totals } = report.coverage
  process.stdout.write(
    `| ${name} | ${totals.operations} | ${totals.succeeded} | ${report.requests} | ${(report.elapsedMs / 1000).toFixed(1)} s | ${peak} MiB | ${report.findings.length} |\n`,
  )
  if (report.findings.length > 0) process.exitCode = 1
  if (options.verbose)
    for (const { operation, check, status, message, curl } of report.findings)
      process.stderr.write(`${name}: ${operation} ${check} ${status} ${message}\n  ${curl.slice(0, 600)}\n`)
}
