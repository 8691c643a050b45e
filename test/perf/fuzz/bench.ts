import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { createInterface } from 'node:readline'
import { Command } from 'commander'
import { isServiceName, type ServiceName, services } from '../../../fixtures/fuzz/services.ts'
import { render } from './figures.ts'
import { goals, type Measured, type Peer } from './goals.ts'
import { scoreOf } from './score.ts'
import { type Attack, runMcpd, runSchemathesis } from './tools.ts'

/**
 * How much `mcpd fuzz` finds of the known faults of the services in fixtures/fuzz, and how often it cries wolf on their
 * fixed twins: `npm run bench:fuzz`. Everything is on loopback.
 */

interface Options {
  readonly seconds: number
  readonly seeds: number
  readonly service: readonly string[]
  readonly schemathesis?: string
  readonly peerSeeds: number
  readonly twins: boolean
  readonly together: boolean
  readonly write?: string
  readonly misses?: string
}

const options = new Command('bench:fuzz')
  .option('--seconds <number>', 'of each run', Number, 60)
  .option('--seeds <number>', 'from 1 on', Number, 5)
  .option('--service <name...>', 'only these', Object.keys(services))
  .option('--schemathesis <path>', 'the program, to be run for the same time')
  .option('--peer-seeds <number>', 'of Schemathesis', Number, 1)
  .option('--no-twins', 'leave the fixed twins out')
  .option('--together', 'a service and its fixed twin at the same time: half as long, and slower', false)
  .option('--write <file>', 'where the Markdown goes')
  .option('--misses <file>', 'where the faults that were missed go, with what was found instead')
  .parse()
  .opts<Options>()

const tell = (line: string): void => void process.stderr.write(`${line}\n`)

/** Runs `work` against a service in a process of its own, which is ended afterwards. */
const serving = async <Result>(
  name: ServiceName,
  faults: 'all' | 'none',
  work: (url: string) => Promise<Result>,
): Promise<Result> => {
  const child = spawn(process.execPath, ['fixtures/fuzz/main.ts', name, faults], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    const [url] = (await once(createInterface(child.stdout), 'line')) as [string]
    return await work(url)
  } finally {
    child.kill('SIGKILL')
    await once(child, 'close')
  }
}

const attackOf = (name: ServiceName, url: string, seed: number): Attack => ({
  url,
  identities: services[name].identities,
  seconds: options.seconds,
  seed,
})

const names = options.service.filter(isServiceName)
const runOne = async (service: ServiceName, faults: 'all' | 'none', seed: number): Promise<Measured> => {
  const outcome = await serving(service, faults, (url) => runMcpd(attackOf(service, url, seed)))
  const known = faults === 'all' ? services[service].faults : []
  const score = scoreOf(known, outcome.seen)
  tell(
    `${service} ${faults === 'all' ? 'faulty' : 'fixed '} seed ${seed}: ${score.found.length} of ${known.length} faults, ` +
      `${score.findings} findings, ${score.alarms.length} false, ${Math.round(outcome.requests / outcome.seconds)}/s`,
  )
  for (const { operation, check, status } of score.alarms)
    tell(`  false alarm: ${operation} ${check} ${status}`)
  return { service, faults, seed, outcome, score }
}

const measured: Measured[] = []
for (let seed = 1; seed <= options.seeds; seed += 1)
  for (const service of names) {
    const faulty = runOne(service, 'all', seed)
    if (!options.together) await faulty
    if (options.twins) measured.push(await runOne(service, 'none', seed))
    measured.push(await faulty)
  }

const peers: Peer[] = []
const { schemathesis } = options
if (schemathesis !== undefined)
  for (let seed = 1; seed <= options.peerSeeds; seed += 1)
    for (const service of names)
      for (const faults of ['all', 'none'] as const) {
        const outcome = await serving(service, faults, (url) =>
          runSchemathesis(schemathesis, attackOf(service, url, seed)),
        )
        const known = faults === 'all' ? services[service].faults : []
        // It names no operation for connections that fail: each one counts as one such fault found.
        const dropped = known
          .filter(({ seen }) => seen.some(([, check]) => check === 'network_error'))
          .slice(0, outcome.networkErrors)
          .flatMap(({ seen: [first] }) => (first ? [{ operation: first[0], check: first[1] }] : []))
        const score = scoreOf(known, [...outcome.seen, ...dropped])
        peers.push({ service, faults, seed, score, requests: outcome.requests, version: outcome.version })
        tell(
          `Schemathesis: ${service} ${faults} seed ${seed}: ${score.found.length} of ${known.length}, ${score.alarms.length} false`,
        )
        for (const { operation, check } of score.alarms) tell(`  false alarm: ${operation} ${check}`)
      }

const machine = `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, Node ${process.versions.node}`
const { markdown, misses } = render({
  measured,
  peers,
  names,
  seconds: options.seconds,
  isTogether: options.together,
  machine,
})
process.stdout.write(markdown)
if (options.write !== undefined) writeFileSync(options.write, markdown)
if (options.misses !== undefined) writeFileSync(options.misses, misses)
if (!goals(measured).every(({ isMet }) => isMet)) process.exitCode = 1
