import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startField } from './candidates.ts'
import { build, root } from './mcpd.ts'
import { renderMarkdown, renderText } from './report.ts'
import { favour, goals, load, machine, type Result, versions } from './result.ts'
import { runRounds } from './rounds.ts'
import { measureStartUp } from './start-up.ts'
import { chunksPerStream, msPerChunk } from './traffic.ts'

const usage = `npm run bench:gateway -- [options]

What a request costs in mcpd, beside nginx, a bare proxy and Portkey's gateway, over loopback.
  --quick            shorter rounds, about a minute
  --json             the result as JSON on standard output
  --write            write docs/results/gateway.md
  --against FOLDER   measure the mcpd of another checkout beside this one
`

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    against: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

const pace = flags.quick
  ? { rounds: 3, runMs: 500, warmMs: 200, heatMs: 700, repeats: 3 }
  : { rounds: 5, runMs: 2500, warmMs: 300, heatMs: 2500, repeats: 11 }
const connections = 32
const streams = 100
const idleMs = 5000
/** A run that takes longer than this hangs somewhere. */
const totalMaxMs = 10 * 60_000

const say = (line: string): void => void process.stderr.write(`${line}\n`)

const conditions = (unaryBackend: string): string[] => [
  `loopback, one process each; CPU = user and system time of that process from /proc/PID/stat; ${pace.rounds} rounds over all in turn, every other backwards, after one uncounted round; medians`,
  `load: one Node process on raw sockets, closed loop, ${connections} keep-alive connections, requests of 1 KB, answers of 0.9 KB; backend: ${unaryBackend}`,
  'mcpd: the compiled daemon with its defaults, but for 256 requests at a time to a backend',
  `streams: ${streams} at a time, beginning one after the other, ${chunksPerStream} chunks each, one every ${msPerChunk} ms, the first at once; backend: node:http`,
]

const bench = async (): Promise<Result> => {
  await using stack = new AsyncDisposableStack()
  const startedMs = performance.now()
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ')
  const loadBefore = load()
  const directory = await mkdtemp(join(tmpdir(), 'mcpd-bench-'))
  // At the exit, so that an interrupted run leaves nothing either.
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const checkouts = { '': root, ...(flags.against !== undefined && { ' (against)': resolve(flags.against) }) }
  for (const checkout of Object.values(checkouts)) build(checkout)

  say('start and rest')
  const startUp = await measureStartUp({ checkout: root, directory, repeats: pace.repeats, idleMs })
  const field = await startField(stack, directory, checkouts)
  for (const { name, why } of field.absent) say(`without ${name}: ${why}`)
  say('chats that are not streamed')
  const { repeats: _, ...rounds } = pace
  const unary = await runRounds(field.unary, { ...rounds, connections, say })
  say('streams')
  const streamed = await runRounds(field.streams, {
    ...rounds,
    connections: streams,
    chunks: chunksPerStream,
    say,
  })
  return {
    date: `${date} UTC`,
    command: `npm run bench:gateway${flags.quick ? ' -- --quick' : ''}`,
    seconds: (performance.now() - startedMs) / 1000,
    machine: `${machine()}; load average ${loadBefore} before, ${load()} after the run${favour()}`,
    versions: versions(),
    conditions: conditions(field.unaryBackend),
    goals: goals(unary, streamed, startUp),
    unary,
    streams: streamed,
    startUp,
    absent: field.absent,
  }
}

const main = async (): Promise<void> => {
  const result = await bench()
  process.stdout.write(flags.json ? `${JSON.stringify(result, undefined, 2)}\n` : renderText(result))
  if (flags.write) await writeFile(join(root, 'docs/results/gateway.md'), renderMarkdown(result))
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
setTimeout(() => {
  say('The bench did not end in time.')
  process.exit(4)
}, totalMaxMs).unref()

if (flags.help) process.stdout.write(usage)
else if (process.platform !== 'linux') {
  say('This bench reads the CPU time of processes from /proc, which only Linux has.')
  process.exitCode = 2
} else await main()
