import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { quantile, sorted } from '../../../src/bench/percentile.ts'
import { runSelftest, selftestDefaults, type Selftest } from '../../../src/bench/selftest/selftest.ts'
import { startSimulatorProcess } from '../../../src/bench/selftest/simulator-process.ts'
import { aiperf, findTruths, guidellm, own, type Peer, type PeerLoad, type PeerResult } from './peers.ts'

/**
 * How exact `mcpd bench` is, against the simulator, and how exact its peers are on the same simulator. Run it as
 * `chrt -f 5 node test/perf/bench/bench.ts` where real-time priority is allowed.
 */

interface Options {
  readonly runs: number
  readonly peers?: string
  readonly hfHome?: string
  readonly streams: number
  readonly requests: number
  readonly write?: string
}

const options = new Command('bench')
  .option('--runs <number>', 'of the self-test', Number, 5)
  .option('--peers <folder>', 'Python environment with aiperf and guidellm')
  .option('--hf-home <folder>', 'Hugging Face cache with a tokenizer local/tok, for aiperf')
  .option('--streams <number>', 'at once, for the peers', Number, 50)
  .option('--requests <number>', 'of each peer', Number, 200)
  .option('--write <file>', 'where the Markdown goes')
  .parse()
  .opts<Options>()

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string
}
const signal = new AbortController().signal
const lines: string[] = []
const say = (line: string): void => {
  lines.push(line)
  process.stdout.write(`${line}\n`)
}
const table = (rows: readonly (readonly string[])[]): void => {
  for (const [index, row] of rows.entries()) {
    say(`| ${row.join(' | ')} |`)
    if (index === 0) say(`| ${row.map(() => '---').join(' | ')} |`)
  }
}
const ms = (value: number): string => (Math.abs(value) < 10 ? value.toFixed(3) : value.toFixed(1))

say('# mcpd bench')
say('')
say(
  `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.versions.node}; client and simulator on the same machine.`,
)
say('')
say(`## Accuracy: ${selftestDefaults.streams} streams of ${selftestDefaults.tokensPerSecond} tokens/s`)
say('')
const tests: Selftest[] = []
for (let run = 0; run < options.runs; run += 1) tests.push(await runSelftest(selftestDefaults, signal))
table([
  [
    'run',
    'TTFT error p50',
    'p99',
    'gap error p50',
    'p99',
    'issue → read p50',
    'p99',
    'mean TPOT off by',
    'tokens/s',
    'cores',
    'simulator late p99',
    'valid',
  ],
  ...tests.map(({ accuracy, clientCpu, tokensPerSecond, isValid }, index) => [
    String(index + 1),
    ms(accuracy.ttftMs.p50),
    ms(accuracy.ttftMs.p99),
    ms(accuracy.gapMs.p50),
    ms(accuracy.gapMs.p99),
    ms(accuracy.sendLagMs.p50),
    ms(accuracy.sendLagMs.p99),
    `${(accuracy.tpotShare * 100).toFixed(4)} %`,
    tokensPerSecond.toFixed(0),
    clientCpu.toFixed(2),
    ms(accuracy.senderLateP99Ms),
    isValid ? 'yes' : 'no',
  ]),
])
say('')
say(
  'Times in ms. TTFT error: from the send of the first token to its stamp. Cores are of the whole process of the client.',
)

interface Scored {
  readonly peer: Peer
  readonly load: PeerLoad
  readonly result: PeerResult
  readonly ttft: Float64Array
  readonly tpot: Float64Array
  readonly matched: number
  readonly tokensPerSecond: number
  readonly tokens: number
}

const score = async (peer: Peer, load: PeerLoad): Promise<Scored> => {
  await load.simulator.truths()
  const result = await peer.run(load)
  const truths = await load.simulator.truths()
  const byId = findTruths(truths)
  const ttft: number[] = []
  const tpot: number[] = []
  for (const { id, ttftMs, tpotMs } of result.requests) {
    const truth = byId.get(id)
    if (!truth || truth.sentMs.length < 2) continue
    const [first, last] = [truth.sentMs[0]!, truth.sentMs.at(-1)!]
    ttft.push(Math.abs(ttftMs - (first - truth.receivedMs)))
    tpot.push(Math.abs(tpotMs / ((last - first) / (truth.tokens - 1)) - 1))
  }
  const sent = truths.flatMap(({ sentMs }) => sentMs)
  const spanMs =
    sent.reduce((most, each) => Math.max(most, each), 0) -
    sent.reduce((least, each) => Math.min(least, each), Infinity)
  return {
    peer,
    load,
    result,
    ttft: sorted(ttft),
    tpot: sorted(tpot),
    matched: ttft.length,
    tokens: sent.length,
    tokensPerSecond: (sent.length * 1000) / spanMs,
  }
}

const { peers: folder, hfHome } = options
if (folder !== undefined && hfHome !== undefined) {
  const simulator = await startSimulatorProcess(['--behaviour', '{"ttftMs":100,"gapMs":20}'], signal)
  const peers = [own, aiperf(folder, hfHome), guidellm(folder)]
  const load: PeerLoad = {
    simulator,
    streams: options.streams,
    requests: options.requests,
    tokens: 64,
    mixed: false,
  }
  const rounds: Scored[] = []
  for (let round = 0; round < 3; round += 1) for (const peer of peers) rounds.push(await score(peer, load))
  say('')
  say(
    `## Beside its peers: ${options.streams} streams of 50 tokens/s, ${options.requests} requests of 64 tokens, three rounds in turn`,
  )
  say('')
  table([
    [
      'tool',
      'TTFT error p50',
      'p99',
      'TPOT off by p50',
      'p99',
      'tokens/s delivered',
      'CPU s per 1000 tokens',
      'matched',
    ],
    ...rounds.map(({ peer, result, ttft, tpot, tokens, tokensPerSecond, matched }) => [
      peer.name,
      ms(quantile(ttft, 0.5)),
      ms(quantile(ttft, 0.99)),
      `${(quantile(tpot, 0.5) * 100).toFixed(3)} %`,
      `${(quantile(tpot, 0.99) * 100).toFixed(3)} %`,
      tokensPerSecond.toFixed(0),
      ((result.cpuSeconds / tokens) * 1000).toFixed(2),
      `${matched} of ${options.requests}`,
    ]),
  ])
  say('')
  say(
    'Errors in ms: TTFT as reported minus the time from the request being read to the first token being sent, the same for all. CPU includes start and analysis.',
  )
  say('')
  const mixed = { ...load, streams: 10, requests: 40, mixed: true }
  const failures: Scored[] = []
  // guidellm has no way to put a member into the body, so that its simulator is told to fail by itself.
  const failing = await startSimulatorProcess(
    ['--behaviour', '{"ttftMs":100,"gapMs":20,"fault":"mix"}'],
    signal,
  )
  for (const peer of peers) failures.push(await score(peer, { ...mixed, simulator: failing }))
  say('## Failures: 40 requests, of which every second fails in one of ten ways')
  say('')
  table([
    ['tool', 'succeeded (20 are)', 'failed (20 are)', 'what it calls them', 'exit code'],
    ...failures.map(({ peer, result }) => [
      peer.name,
      String(result.succeeded),
      String(result.failed),
      Object.entries(result.classes)
        .map(([name, count]) => `${name.replaceAll('|', '/')} ${count}`)
        .join(', ') || '-',
      String(result.exit),
    ]),
  ])
  say('')
  say('## Commands')
  say('')
  say(`mcpd ${version}, ${versionsIn(folder)}.`)
  say('')
  say('```sh')
  for (const peer of peers)
    say(
      peer
        .command({ ...load, simulator: { ...simulator, url: 'http://127.0.0.1:8000/v1' } })
        .map(shown)
        .join(' '),
    )
  say('```')
  await failing.close()
  await simulator.close()
}

/** Of the Python environment and of the peers in it. */
function versionsIn(environment: string): string {
  const ask =
    "import platform as p, importlib.metadata as m; print(f\"aiperf {m.version('aiperf')}, guidellm {m.version('guidellm')}, Python {p.python_version()}\")"
  return execFileSync(join(environment, 'bin', 'python'), ['-c', ask], { encoding: 'utf8' }).trim()
}

/** Without where programs are on this machine. */
function shown(word: string): string {
  const name = word.replace(/^\/.*\/(dev\.js|node|aiperf|guidellm)$/, '$1')
  return /[{\s"]/.test(name) ? `'${name}'` : name
}

if (options.write !== undefined) writeFileSync(options.write, `${lines.join('\n')}\n`)
