import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { Command } from 'commander'
import { gateExit } from '../../../src/bench/compare/gate.ts'
import { startSimulatorProcess } from '../../../src/bench/selftest/simulator-process.ts'
import { gateBench } from '../../../src/cli/bench/gate-bench.ts'

/**
 * Gates over real connections: of a server against its like none may fall, of one whose answers take a fifth longer
 * every one has to. The simulators are processes of their own; baseline and candidate are two of them.
 */

const { gates, pairs, requests, write } = new Command('gates')
  .option('--gates <number>', 'of each kind', Number, 10)
  .option('--pairs <number>', 'runs of each side in a gate', Number, 10)
  .option('--requests <number>', 'of a run', Number, 40)
  .option('--write <file>', 'where the Markdown goes')
  .parse()
  .opts<{ gates: number; pairs: number; requests: number; write?: string }>()

const { signal } = new AbortController()
const lines: string[] = []
const say = (line: string): void => {
  lines.push(line)
  process.stdout.write(`${line}\n`)
}

const kinds = [
  { name: 'the same', ttftMs: 40, gapMs: 5, falls: false },
  { name: '20 % slower', ttftMs: 48, gapMs: 6, falls: true },
]

const exits: { name: string; falls: boolean; exit: number; invalid: string; detail: string }[] = []
const startedMs = performance.now()
for (let round = 0; round < gates; round += 1)
  for (const { name, ttftMs, gapMs, falls } of kinds) {
    const baseline = await startSimulatorProcess(['--behaviour', '{"ttftMs":40,"gapMs":5}'], signal)
    const candidate = await startSimulatorProcess(['--behaviour', JSON.stringify({ ttftMs, gapMs })], signal)
    const gate = await gateBench({
      baseline: baseline.url,
      candidate: candidate.url,
      pairs,
      margin: 0.02,
      given: { model: 'sim', concurrency: 8, requests, outputTokens: 16, inputTokens: 16, seed: round + 1 },
      scenarioFile: undefined,
      pids: [],
      preflight: true,
      connect: () => Promise.reject(new Error('Nothing here has to do with a daemon.')),
      env: {},
      signal,
      hooks: { signal },
    })
    await Promise.all([baseline.close(), candidate.close()])
    const detail = gate.checks
      .filter(({ ok }) => !ok)
      .map((check) => `${check.name} ${check.detail}`)
      .join('; ')
    exits.push({ name, falls, exit: gateExit(gate), invalid: gate.invalid.join('; '), detail })
    process.stderr.write(`${JSON.stringify(exits.at(-1))}\n`)
  }

say('# Live gates')
say('')
say(
  `\`node test/perf/bench/gates.ts --gates ${gates} --pairs ${pairs} --requests ${requests}\`, ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, ${((performance.now() - startedMs) / 1000).toFixed(0)} s; ${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.versions.node}, load average ${(loadavg()[0] ?? 0).toFixed(1)} at the end.`,
)
say('')
say(
  `Two simulators as processes of their own (40 ms to the first token, 5 ms a token, 16 tokens), ${requests} requests 8 at once in a run, ${pairs} runs of each in turn, margin 2 %.`,
)
say('')
say('| candidate | gates | passed (0) | fell (1) | no conclusion (4) | as it has to be |')
say('| --- | --- | --- | --- | --- | --- |')
for (const { name, falls } of kinds) {
  const own = exits.filter((gate) => gate.name === name)
  const count = (exit: number): number => own.filter((gate) => gate.exit === exit).length
  say(
    `| ${name} | ${own.length} | ${count(0)} | ${count(1)} | ${count(4)} | ${count(falls ? 1 : 0)} of ${own.length} |`,
  )
}
if (write !== undefined) writeFileSync(write, `${lines.join('\n')}\n`)
process.exitCode = exits.every(({ falls, exit }) => exit === (falls ? 1 : 0)) ? 0 : 1
