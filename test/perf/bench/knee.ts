import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { Command } from 'commander'
import { kneeOf } from '../../../src/bench/html/load-curve.ts'
import { makePlan } from '../../../src/bench/make-plan.ts'
import { buildReport } from '../../../src/bench/report/build.ts'
import { runPlan } from '../../../src/bench/run.ts'
import { startSimulatorProcess } from '../../../src/bench/selftest/simulator-process.ts'

/** Sweeps over servers that answer so many requests at a time and no more: the knee is known before it is looked for. */

const { write } = new Command('knee').option('--write <file>', 'where the Markdown goes').parse().opts<{
  write?: string
}>()

const ttftMs = 60
const gapMs = 4
const tokens = 16
/** What one slot serves in a second. */
const perSlot = 1000 / (ttftMs + (tokens - 1) * gapMs)

const { signal } = new AbortController()
const lines = [
  '# The knee of a sweep',
  '',
  `\`node test/perf/bench/knee.ts\`, ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC; ${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.versions.node}, load average ${(loadavg()[0] ?? 0).toFixed(1)}.`,
  '',
  `A simulator with a known number of slots, ${ttftMs} ms to the first token and ${gapMs} ms a token, ${tokens} tokens: ${perSlot.toFixed(3)} requests/s a slot. Goal: the knee within 10 % of what all slots serve.`,
  '',
  '| slots | can serve, requests/s | knee found at | requests/s there | off by |',
  '| --- | --- | --- | --- | --- |',
]
let isMet = true
for (const slots of [4, 8, 16]) {
  const behaviour = JSON.stringify({ ttftMs, gapMs, gapCv: 0 })
  const simulator = await startSimulatorProcess(['--slots', String(slots), '--behaviour', behaviour], signal)
  const target = {
    label: 'simulator',
    url: simulator.url,
    wire: 'openai-chat',
    model: 'sim',
    stream: true,
    streamUsage: true,
    extra: {},
  } as const
  const settings = {
    concurrency: [1 / 4, 1 / 2, 1, 2, 4].map((part) => slots * part),
    duration: '4s',
    outputTokens: tokens,
    inputTokens: 16,
  }
  const run = await runPlan(makePlan(settings, { targets: [target], watched: [] }), { signal })
  await simulator.close()
  const { points } = buildReport(run, { version: '', settings, errorBar: null })
  const knee = kneeOf(points)
  const capacity = slots * perSlot
  const found = knee?.metrics.requestsPerSecond ?? 0
  isMet &&= Math.abs(found / capacity - 1) <= 0.1
  lines.push(
    `| ${slots} | ${capacity.toFixed(1)} | ${knee?.name ?? 'none'} | ${found.toFixed(1)} | ${((found / capacity - 1) * 100).toFixed(1)} % |`,
  )
}
process.stdout.write(`${lines.join('\n')}\n`)
if (write !== undefined) writeFileSync(write, `${lines.join('\n')}\n`)
process.exitCode = isMet ? 0 : 1
