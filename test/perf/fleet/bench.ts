import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build, root, startMcpd } from '../gateway/mcpd.ts'
import { nginxVersion, startNginxBackendOf, startNginxProxy } from '../gateway/nginx.ts'
import { favour, load, machine } from '../gateway/result.ts'
import { type FleetResult, runFleetLoad } from './load.ts'
import { dialect, dialects, pairs } from './routes.ts'

/**
 * Whole daemons side by side over backends of three dialects: how many requests a second they answer together, and
 * what one costs, beside nginx. `npm run bench:fleet -- [--daemons N] [--seconds N] [--write]`
 */
const { values: flags } = parseArgs({
  options: {
    daemons: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '64' },
    write: { type: 'boolean', default: false },
  },
})
const daemonCount = Number(flags.daemons)
const runMs = Number(flags.seconds) * 1000
const connections = Number(flags.connections)
const warmMs = 1500
const totalMaxMs = 10 * 60_000

setTimeout(() => process.exit(4), totalMaxMs).unref()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
if (nginxVersion() === undefined) {
  process.stderr.write('nginx plays the backends here, and is not installed.\n')
  process.exit(2)
}

build(root)
await using stack = new AsyncDisposableStack()
const directory = await mkdtemp(join(tmpdir(), 'mcpd-fleet-'))
process.once('exit', () => rmSync(directory, { recursive: true, force: true }))

const loadBefore = load()
const backends = new Map<string, string>()
for (const { name, path, answer, list } of dialects) {
  const backend = await startNginxBackendOf(directory, { [path]: answer, [list.path]: list.answer })
  stack.defer(() => backend.stop())
  backends.set(name, backend.url)
}
const proxy = await startNginxProxy(directory, backends.get('openai')!)
stack.defer(() => proxy.stop())

const entries = dialects.map(({ name, base }) => ({ name, adapter: name, url: backends.get(name)! + base }))
const daemons: Awaited<ReturnType<typeof startMcpd>>[] = []
for (let number = 0; number < daemonCount; number += 1) {
  const daemon = await startMcpd(root, directory, entries)
  stack.defer(() => daemon.stop())
  daemons.push(daemon)
}

const targetsOf = ([surface, backend]: readonly [string, string]) =>
  daemons.map(({ url }) => ({
    url: url + dialect(surface).path,
    body: dialect(surface).request(`${backend}/stand-in-model`),
  }))
const pids = daemons.map(({ pid }) => pid)
const rows: [string, FleetResult][] = []
const run = async (
  name: string,
  targets: readonly { url: string; body: string }[],
  of = pids,
): Promise<void> => {
  const result = await runFleetLoad({ targets, connections, pids: of, warmMs, runMs })
  rows.push([name, result])
  process.stderr.write(
    `${name}: ${result.perSecond.toFixed(0)}/s, ${result.cpuUs.toFixed(1)} µs, ${result.errors} errors\n`,
  )
}

await run(
  'nginx proxy_pass, one process',
  [{ url: proxy.url + dialect('openai').path, body: dialect('openai').request('stand-in-model') }],
  [proxy.pid],
)
for (const pair of pairs) await run(`${pair[0]} → ${pair[1]}`, targetsOf(pair))
const own = pairs.filter(([surface, backend]) => surface === backend)
await run('three dialects together', own.flatMap(targetsOf))
await run('all pairs together', pairs.flatMap(targetsOf))

const page = `# Fleet

\`npm run bench:fleet -- --daemons ${daemonCount} --seconds ${flags.seconds} --connections ${connections}\`, ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC. ${machine()}, Node ${process.versions.node}, nginx ${nginxVersion()}; load average ${loadBefore} before, ${load()} after${favour()}.

${daemonCount} daemon ${daemonCount === 1 ? 'process' : 'processes'}, backends: three nginx processes that answer from memory, load: one Node process on raw sockets, ${connections} connections in a closed loop; requests of 1 KB, answers of 0.9 KB, not streamed. All share the two cores, so the rate is what is left beside load and backends; CPU is that of the daemons alone.

| surface → backend | answers/s | errors | CPU µs per answer | p50 ms | p99 ms |
| --- | --- | --- | --- | --- | --- |
${rows
  .map(
    ([name, { perSecond, errors, answers, cpuUs, p50Ms, p99Ms }]) =>
      `| ${name} | ${perSecond.toFixed(0)} | ${errors} of ${answers} | ${cpuUs.toFixed(1)} | ${p50Ms.toFixed(2)} | ${p99Ms.toFixed(2)} |`,
  )
  .join('\n')}
`
process.stdout.write(page)
if (flags.write) await writeFile(join(root, 'docs/results/fleet.md'), page)
