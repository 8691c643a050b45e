import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { Pool } from 'undici'
import { build, root, startMcpd } from '../gateway/mcpd.ts'
import { residentMb, startProcess } from '../gateway/processes.ts'

// How the memory of a daemon behaves under hours of traffic, read off a shorter time: a steady rate of requests, one in
// ten of them streamed, and after it 100 streams that nobody reads.

const flags = new Command('bench:soak')
  .description('Memory of the daemon under a steady rate of requests, and under readers that do not read.')
  .option('--minutes <n>', 'how long', Number, 20)
  .option('--rate <n>', 'requests per second', Number, 500)
  .option('--write', 'write docs/results/soak.md')
  .parse()
  .opts<{ minutes: number; rate: number; write?: boolean }>()

interface Sample {
  readonly minute: number
  readonly rssMb: number
}

const warmUpMinutes = Math.min(5, flags.minutes / 4)
const sampleEveryMs = 5000
const body = (stream: boolean): string =>
  JSON.stringify({
    model: 'stand-in',
    stream,
    messages: [{ role: 'user', content: 'Tell me about soaking. '.repeat(20) }],
  })
const bodies = { whole: body(false), stream: body(true) }

const directory = await mkdtemp(join(tmpdir(), 'mcpd-soak-'))
build(root)
const standIn = await startProcess({
  command: process.execPath,
  args: [fileURLToPath(new URL('../../../fixtures/openai-stand-in.ts', import.meta.url)), '--tokens', '8'],
})
const backendUrl = /http:\/\/127\.0\.0\.1:\d+/.exec(standIn.firstLine)?.[0]
if (backendUrl === undefined)
  throw new Error(`The stand-in did not say where it listens: ${standIn.firstLine}`)
const mcpd = await startMcpd(root, directory, [
  { name: 'backend', adapter: 'openai', url: `${backendUrl}/v1` },
])

/** Ordinary least squares. */
const slope = (samples: readonly Sample[]): number => {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  const x = mean(samples.map(({ minute }) => minute))
  const y = mean(samples.map(({ rssMb }) => rssMb))
  const covariance = mean(samples.map(({ minute, rssMb }) => (minute - x) * (rssMb - y)))
  return covariance / mean(samples.map(({ minute }) => (minute - x) ** 2))
}

const soak = async () => {
  const pool = new Pool(mcpd.url, { connections: 64, pipelining: 1 })
  const startedMs = performance.now()
  const endMs = startedMs + flags.minutes * 60_000
  const samples: Sample[] = []
  let sent = 0
  let failed = 0
  let open = 0
  const ask = async (count: number): Promise<void> => {
    open += 1
    try {
      const answer = await pool.request({
        method: 'POST',
        path: '/v1/chat/completions',
        headers: { 'content-type': 'application/json' },
        body: count % 10 === 0 ? bodies.stream : bodies.whole,
      })
      const text = await answer.body.text()
      if (answer.statusCode !== 200 || (count % 10 === 0 && !text.includes('[DONE]'))) failed += 1
    } catch {
      failed += 1
    } finally {
      open -= 1
    }
  }
  let sampledMs = 0
  while (performance.now() < endMs) {
    const nowMs = performance.now()
    const due = Math.floor(((nowMs - startedMs) / 1000) * flags.rate)
    // A machine that stalls must not be answered with a burst without bound.
    for (; sent < due && open < 2000; sent += 1) void ask(sent)
    if (nowMs - sampledMs >= sampleEveryMs) {
      sampledMs = nowMs
      samples.push({ minute: (nowMs - startedMs) / 60_000, rssMb: residentMb(mcpd.pid) })
      process.stderr.write(
        `\r${((nowMs - startedMs) / 60_000).toFixed(1)} min, ${sent} sent, ${failed} failed, ${samples.at(-1)!.rssMb.toFixed(0)} MB   `,
      )
    }
    await sleep(5)
  }
  while (open > 0) await sleep(10)
  await pool.close()
  const steady = samples.filter(({ minute }) => minute >= warmUpMinutes)
  return {
    requests: sent,
    achievedRate: sent / (flags.minutes * 60),
    failed,
    firstMb: steady[0]!.rssMb,
    lastMb: steady.at(-1)!.rssMb,
    maxMb: Math.max(...samples.map(({ rssMb }) => rssMb)),
    slopeMbPerHour: slope(steady) * 60,
  }
}

/** Streams that are opened and then not read: the backend could send for ever. */
const slowReaders = async () => {
  const endless = await startProcess({
    command: process.execPath,
    args: [
      fileURLToPath(new URL('../../../fixtures/openai-stand-in.ts', import.meta.url)),
      '--tokens',
      '2000000',
    ],
  })
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(endless.firstLine)![0]
  const daemon = await startMcpd(root, directory, [{ name: 'backend', adapter: 'openai', url: `${url}/v1` }])
  const pool = new Pool(daemon.url, { connections: 100, pipelining: 1 })
  const beforeMb = residentMb(daemon.pid)
  const answers = await Promise.all(
    Array.from({ length: 100 }, () =>
      pool.request({
        method: 'POST',
        path: '/v1/chat/completions',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'stand-in',
          stream: true,
          messages: [{ role: 'user', content: 'words 2000000' }],
        }),
      }),
    ),
  )
  await sleep(10_000)
  const filledMb = residentMb(daemon.pid)
  await sleep(90_000)
  const laterMb = residentMb(daemon.pid)
  for (const { body } of answers) body.on('error', () => undefined).destroy()
  await pool.destroy()
  await daemon.stop()
  await endless.stop()
  return { beforeMb, filledMb, laterMb }
}

try {
  const steady = await soak()
  await mcpd.stop()
  await standIn.stop()
  const slow = await slowReaders()
  const report = `# Soak

${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}. \`npm run bench:soak -- --minutes ${flags.minutes} --rate ${flags.rate} --write\`; load, daemon and backend on the same machine, which other work was using too.

| what | measured | goal |
| --- | --- | --- |
| requests, one in ten streamed | ${steady.requests} in ${flags.minutes} min (${steady.achievedRate.toFixed(0)}/s of ${flags.rate}/s asked) | |
| failed | ${steady.failed} | 0 |
| resident memory after ${warmUpMinutes} min / at the end / most | ${steady.firstMb.toFixed(0)} / ${steady.lastMb.toFixed(0)} / ${steady.maxMb.toFixed(0)} MB | |
| slope after the first ${warmUpMinutes} min | ${steady.slopeMbPerHour.toFixed(1)} MB/h | ≤ 1 MB/h |
| 100 streams nobody reads: before / after 10 s / after 100 s | ${slow.beforeMb.toFixed(0)} / ${slow.filledMb.toFixed(0)} / ${slow.laterMb.toFixed(0)} MB | no growth |

The slope is that of a line through samples every ${sampleEveryMs / 1000} s; over ${(flags.minutes - warmUpMinutes).toFixed(0)} minutes a garbage collection earlier or later moves it by several MB/h.
`
  process.stdout.write(`\n${report}`)
  if (flags.write) await writeFile(new URL('../../../docs/results/soak.md', import.meta.url), report)
} finally {
  await rm(directory, { recursive: true, force: true })
}
