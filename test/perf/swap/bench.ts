import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startOllamaStandIn } from '../../../fixtures/ollama-stand-in.ts'
import { startOpenAiStandIn } from '../../../fixtures/openai-stand-in.ts'
import { createClient } from '../../../src/client/index.ts'
import { startProcess } from '../gateway/processes.ts'
import { startLoad } from './load.ts'
import { measureRouting } from './routing.ts'

const usage = `npm run bench:swap -- [options]

Swaps a backend for another again and again while requests run, and counts those that failed or came short.
  --full     10,000 swaps instead of 1,000
  --swaps N  so many swaps
  --json     the result as JSON on standard output
  --write    write docs/results/swap.md
`

const { values: flags } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    swaps: { type: 'string' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const root = fileURLToPath(new URL('../../..', import.meta.url))
const workers = 8
const tokenDelayMs = 1
/** Requests that must have been answered between two swaps, so that each finds some running. */
const answeredBetween = 2
/** A run that takes longer than this hangs somewhere. */
const totalMaxMs = 60 * 60_000

const say = (line: string): void => void process.stderr.write(`${line}\n`)

const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

interface Spread {
  readonly p50: number
  readonly p99: number
  readonly max: number
}
const spread = (values: readonly number[]): Spread => ({
  p50: percentile(values, 0.5),
  p99: percentile(values, 0.99),
  max: values.reduce((most, value) => Math.max(most, value), 0),
})

interface Result {
  readonly date: string
  readonly command: string
  readonly seconds: number
  readonly machine: string
  readonly node: string
  readonly commit: string
  readonly swaps: number
  readonly answered: number
  readonly wrong: readonly string[]
  /** From sending the command until its answer: start, health check, list of models, switch. */
  readonly swapMs: Spread
  /** Of that, from when the new was ready until it had taken over. */
  readonly switchMs: Spread
  readonly overheadMs: Spread
  readonly routingUs: Spread
}

const bench = async (swaps: number): Promise<Result> => {
  await using stack = new AsyncDisposableStack()
  const startedMs = performance.now()
  const folder = await mkdtemp(join(tmpdir(), 'mcpd-swap-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const first = await startOpenAiStandIn({ tokenDelayMs })
  stack.defer(() => first.close())
  const second = await startOpenAiStandIn({ tokenDelayMs })
  stack.defer(() => second.close())
  const third = await startOllamaStandIn({ tokenDelayMs })
  stack.defer(() => third.close())
  const places = [
    { adapter: 'openai', url: first.url },
    { adapter: 'openai', url: second.url },
    { adapter: 'ollama', url: third.url },
  ]
  await writeFile(
    join(folder, 'mcpd.yaml'),
    `backends: [{ name: b, adapter: openai, url: "${first.url}" }]\ngroups: [{ name: llama, targets: [b/stand-in] }]\nretries: { max: 0 }\n`,
  )
  const daemon = await startProcess({
    command: process.execPath,
    args: [
      join(root, 'bin/mcpd-daemon.js'),
      '--config',
      join(folder, 'mcpd.yaml'),
      '--state-dir',
      folder,
      '--port',
      '0',
      '--json',
      '--no-discover',
    ],
    env: { MCPD_SOURCE: '1' },
  })
  stack.defer(() => daemon.stop())
  const { url } = JSON.parse(daemon.firstLine) as { url: string }
  const client = stack.use(createClient({ stateDir: folder }, {}))
  const load = startLoad(url, workers)
  const swapMs: number[] = []
  const switchMs: number[] = []
  for (let turn = 1; turn <= swaps; turn += 1) {
    const before = load.answered()
    while (load.answered() < before + answeredBetween) await new Promise((resolve) => setTimeout(resolve, 1))
    const sentMs = performance.now()
    const report = await client.swapBackend('b', places[turn % places.length]!)
    swapMs.push(performance.now() - sentMs)
    switchMs.push(report.switchMs ?? Number.NaN)
    if (turn % 500 === 0) say(`${turn} swaps, ${load.answered()} requests`)
  }
  const answered = load.answered()
  const { wrong, overheadMs } = await load.stop()
  say('routing')
  const routingUs = await measureRouting(30)
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    command: `npm run bench:swap${
      process.argv.length > 2
        ? ` -- ${process.argv
            .slice(2)
            .filter((word) => word !== '--write')
            .join(' ')}`
        : ''
    }`.replace(/ -- $/, ''),
    seconds: (performance.now() - startedMs) / 1000,
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${release()}`,
    node: process.version,
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(),
    swaps,
    answered,
    wrong,
    swapMs: spread(swapMs),
    switchMs: spread(switchMs),
    overheadMs: spread(overheadMs),
    routingUs: spread(routingUs),
  }
}

const render = (result: Result): string => {
  const { swaps, answered, wrong, swapMs, switchMs, overheadMs, routingUs } = result
  const row = (what: string, measured: string, goal: string, met: boolean): string =>
    `| ${what} | ${measured} | ${goal} | ${met ? 'yes' : 'no'} |`
  return [
    '# Swapping backends under load',
    '',
    `${result.date} UTC, commit ${result.commit}, Node ${result.node}, ${result.machine}. Run by \`${result.command}\`, ${Math.round(result.seconds)} s.`,
    '',
    `${workers} workers ask one chat after the other, every other one streamed, of a group with one backend; that is swapped ${swaps} times in turn for another OpenAI server, an Ollama and back, each time at least ${answeredBetween} requests after the last. No request is retried. Every answer is compared word for word. Load, stand-ins and daemon share the machine.`,
    '',
    '| what | measured | goal | met |',
    '| --- | --- | --- | --- |',
    row(
      `failed or truncated, of ${answered} requests in ${swaps} swaps`,
      String(wrong.length),
      '0',
      wrong.length === 0,
    ),
    row(
      'switch, from when the new one was ready until it had taken over (p50 / p99 / most)',
      `${switchMs.p50.toFixed(3)} / ${switchMs.p99.toFixed(3)} / ${switchMs.max.toFixed(3)} ms`,
      '≤ 50 ms',
      switchMs.p99 <= 50,
    ),
    row(
      'routing to one of three backends of different dialects, warm (p50 / p99 of means of 1000)',
      `${(routingUs.p50 / 1000).toFixed(4)} / ${(routingUs.p99 / 1000).toFixed(4)} ms`,
      '≤ 0.1 ms',
      routingUs.p99 <= 100,
    ),
    '',
    `A whole swap, from sending the command until its answer, with start, health check and list of models: ${swapMs.p50.toFixed(1)} / ${swapMs.p99.toFixed(1)} / ${swapMs.max.toFixed(1)} ms (p50 / p99 / most).`,
    '',
    `Time in mcpd before the backend was asked, under this load: ${overheadMs.p50.toFixed(2)} / ${overheadMs.p99.toFixed(2)} / ${overheadMs.max.toFixed(2)} ms (p50 / p99 / most).`,
    ...(wrong.length === 0
      ? []
      : ['', 'What went wrong first:', '', ...wrong.slice(0, 5).map((each) => `    ${each}`)]),
    '',
  ].join('\n')
}

const main = async (): Promise<void> => {
  const result = await bench(Number(flags.swaps ?? (flags.full ? 10_000 : 1000)))
  process.stdout.write(flags.json ? `${JSON.stringify(result, undefined, 2)}\n` : render(result))
  if (flags.write) await writeFile(join(root, 'docs/results/swap.md'), render(result))
  if (result.wrong.length > 0) process.exitCode = 1
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
setTimeout(() => {
  say('The bench did not end in time.')
  process.exit(4)
}, totalMaxMs).unref()

if (flags.help) process.stdout.write(usage)
else await main()
