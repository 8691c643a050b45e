import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Compile } from 'typebox/compile'
import { startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import type { GateReport } from '../../src/bench/compare/gate.ts'
import type { Report } from '../../src/bench/report/report.ts'
import { reportSchema } from '../../src/bench/report/schema.ts'
import { startSimulator, type SimulatorOptions } from '../../src/bench/simulator/simulator.ts'
import { startTestDaemon } from '../harness/daemon.ts'
import { startCommand } from '../unit/commands/run-command.ts'

const folder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'mcpd-bench-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

const standIn = async (): Promise<string> => {
  const started = await startOpenAiStandIn({ tokens: 6 })
  onTestFinished(() => started.close())
  return started.url
}

const simulator = async (options: SimulatorOptions = {}): Promise<string> => {
  const started = await startSimulator({ behaviour: { ttftMs: 5, gapMs: 1 }, ...options })
  onTestFinished(() => started.close())
  return started.url
}

const closedPort = async (): Promise<string> => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}/v1`
}

interface Ran {
  readonly code: number | undefined
  readonly out: string
  readonly err: string
  readonly json: unknown
}

/** `mcpd bench …` as a process; the self-test is left out, since it takes seconds and has a test of its own. */
const bench = async (words: readonly string[], env: Record<string, string> = {}): Promise<Ran> => {
  const isRun = !['gate', 'compare', 'selftest'].includes(words[0] ?? '')
  const { exitCode, stdout, stderr } = await startCommand(
    ['bench', ...words, ...(isRun ? ['--no-selftest'] : [])],
    { env: { XDG_CACHE_HOME: '/nonexistent', ...env }, timeout: 90_000 },
  )
  const out = String(stdout)
  return {
    code: exitCode,
    out,
    err: String(stderr).replaceAll(/\s*\n ›\s*/g, ' '),
    json: words.includes('--json') ? JSON.parse(out) : undefined,
  }
}

/** Resolves when the simulator has been asked for this many answers. */
const sent = async (url: string, count: number): Promise<void> => {
  let seen = 0
  await expect
    .poll(async () => {
      seen += ((await (await fetch(`${new URL(url).origin}/truth`)).json()) as object[]).length
      return seen
    })
    .toBeGreaterThan(count)
}

/** The exit code, or the one of a client that could not keep up: on a busy machine that is the truth. */
const expectCode = ({ code, json }: Ran, expected: number): void => {
  const { client } = json as Pick<Report, 'client'>
  expect(code).toBe(client.verdict === 'saturated' ? 4 : expected)
}

const quick = ['--model', 'stand-in', '-n', '12', '-c', '3', '--quiet']

describe('mcpd bench', () => {
  it('measures a URL and writes every output', async () => {
    const path = await folder()
    const files = Object.fromEntries(
      (['output', 'records', 'html', 'csv', 'markdown', 'junit'] as const).map((name) => [
        name,
        join(path, name),
      ]),
    ) as Record<'output' | 'records' | 'html' | 'csv' | 'markdown' | 'junit', string>
    const flags = Object.entries(files).flatMap(([name, file]) => [`--${name}`, file])
    const ran = await bench([await standIn(), ...quick, '--slo', 'ttft=20s', '--json', ...flags])
    const report = ran.json as Report
    expectCode(ran, 0)
    expect(report).toMatchObject({
      load: { requests: 12, concurrency: 3, offeredRate: null },
      tokens: { output: 72, source: 'usage' },
      errors: { total: 0, byClass: {} },
      metrics: { ttftMs: { n: 12 }, goodput: { share: 1 } },
    })
    expect([...Compile(reportSchema).Errors(report)]).toEqual([])
    expect(JSON.parse(await readFile(files.output, 'utf8'))).toEqual(report)
    const records = (await readFile(files.records, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(records.length).toBe(12 + 3)
    expect(records.at(-1)).toMatchObject({
      outcome: 'ok',
      outputTokens: 6,
      requestId: expect.stringMatching(/^chatcmpl-/),
    })
    expect(await readFile(files.html, 'utf8')).toContain('</html>')
    expect(await readFile(files.csv, 'utf8')).toContain('ttftMs.p50')
    expect(await readFile(files.markdown, 'utf8')).toContain('- pass error rate')
    expect(await readFile(files.junit, 'utf8')).toContain('failures="0"')
  })

  it('asks the tokenizer and the metrics of a server, and the cards of this machine', async () => {
    const path = await folder()
    const card = join(path, 'nvidia-smi')
    await writeFile(card, '#!/bin/sh\necho "0, A Card, 50, 1000, [N/A]"\nexec sleep 600\n', { mode: 0o755 })
    const url = await simulator({ behaviour: { ttftMs: 5, gapMs: 1, usage: 'none', bundle: 2 } })
    const words = [url, ...quick, '--output-tokens', '10', '--html', join(path, 'page')]
    const ran = await bench([...words, '--json'], { PATH: `${path}:${process.env['PATH']}` })
    const report = ran.json as Report
    expectCode(ran, 0)
    expect(report.tokens).toMatchObject({ output: 120, events: 60, source: 'tokenizer', tokensPerEvent: 2 })
    expect(report.resources).toMatchObject({
      gpus: [{ name: 'GPU 0, A Card', busy: { mean: 0.5, max: 0.5 }, memoryMaxMiB: 1000 }],
      servers: [{ series: [{ name: 'sim_requests_total', before: 1, after: 1 + 3 + 12 }] }],
    })
    expect(report.resources?.processes[0]?.threadsMax).toBeGreaterThan(1)
    expect([...Compile(reportSchema).Errors(report)]).toEqual([])
    expect(await readFile(join(path, 'page'), 'utf8')).toContain('A Card')
  })

  it('starts a server, kills and freezes it, and leaves nothing behind', async () => {
    const url = await closedPort()
    const path = await folder()
    const pids = join(path, 'pids')
    const main = fileURLToPath(new URL('../../src/bench/simulator/main.ts', import.meta.url))
    // Its standard input is its lifeline, which a server of somebody else would not have.
    const command = `echo $$ >> ${pids}; sleep 600 | ${process.execPath} ${main} --port ${new URL(url).port} --behaviour '{"ttftMs":5,"gapMs":1}'`
    const load = ['--model', 'sim', '-c', '2', '--output-tokens', '4', '--duration', '5s', '--timeout', '1s']
    const faults = ['--scenario', 'failure', '--fault', 'kill@300ms+300ms', '--fault', 'freeze@3s+300ms']
    const ran = await bench([
      url,
      ...load,
      ...faults,
      '--start',
      command,
      '--drain',
      '1s',
      '--quiet',
      '--json',
    ])
    const { faults: seen = [], resources } = ran.json as Report
    expect(seen.map((fault) => [fault.kind, fault.in])).toEqual([
      ['kill', 'process'],
      ['freeze', 'process'],
    ])
    expect(seen[0]?.during).toSatisfy(({ requests, failed }) => requests > 0 && failed === requests)
    expect(seen.map(({ recoveryMs }) => recoveryMs)).not.toContain(null)
    expect(resources?.processes.map(({ name }) => name)).toContainEqual(expect.stringMatching(/^process/))
    expect((await readFile(pids, 'utf8')).trim().split('\n')).toHaveLength(2)
    await expect(fetch(url)).rejects.toThrow()
  })

  it.each([
    ['a command that ends', 'echo no such model >&2; exit 1', 'no such model', 3],
    ['a target that answers already', 'sleep 600', 'answers at', 2],
  ])('refuses %s', async (_, command, words, code) => {
    const url = code === 2 ? await standIn() : await closedPort()
    const ran = await bench([url, ...quick, '--start', command])
    expect(ran.err).toContain(words)
    expect(ran.code).toBe(code)
  })

  it('sends on a schedule', async () => {
    const words = [
      await standIn(),
      '--model',
      'stand-in',
      '--rate',
      '40',
      '--arrivals',
      'constant',
      '-n',
      '20',
      '--quiet',
    ]
    const ran = await bench([...words, '--json'])
    expectCode(ran, 0)
    expect((ran.json as Report).load).toMatchObject({ offeredRate: 40, requests: 20 })
  })

  it('steps through several loads', async () => {
    const { json } = await bench([
      await standIn(),
      '--model',
      'stand-in',
      '-c',
      '1,2,4',
      '-n',
      '6',
      '--quiet',
      '--json',
    ])
    expect((json as Report).points.map(({ name, load }) => [name, load.requests])).toEqual([
      ['1 at once', 6],
      ['2 at once', 6],
      ['4 at once', 6],
    ])
  })

  it('reads a scenario file, over which flags win', async () => {
    const path = join(await folder(), 'scenario.yaml')
    await writeFile(
      path,
      `targets: [${await standIn()}]\nmodel: stand-in\nconcurrency: 2\nrequests: 50\ninputTokens: 4-9\n`,
    )
    const ran = await bench(['--scenario', path, '-n', '5', '--quiet', '--json'])
    expectCode(ran, 0)
    expect((ran.json as Report).load).toMatchObject({ requests: 5, concurrency: 2 })
  })

  it('measures a model of the daemon, in each of its APIs, and around and through it', async () => {
    const daemon = await startTestDaemon(
      `backends:\n  - { name: sim, adapter: openai, url: "${await simulator()}" }\ngroups:\n  - { name: shared, targets: [sim/sim] }\n`,
    )
    onTestFinished(() => daemon.close())
    const env = { MCPD_STATE_DIR: daemon.stateDir }
    const grouped = await bench(['shared', '-n', '4', '--output-tokens', '5', '--quiet', '--json'], env)
    expectCode(grouped, 0)
    for (const api of ['openai', 'native', 'ollama']) {
      const ran = await bench(
        ['sim/sim', '--api', api, '-n', '4', '-c', '2', '--output-tokens', '5', '--quiet', '--json'],
        env,
      )
      expectCode(ran, 0)
      expect((ran.json as Report).tokens).toMatchObject({ output: 20, source: 'usage' })
    }
    const ran = await bench(
      [
        'sim/sim',
        '--through',
        'mcpd',
        '-n',
        '4',
        '--repeats',
        '3',
        '--output-tokens',
        '5',
        '--quiet',
        '--json',
      ],
      env,
    )
    expectCode(ran, 0)
    expect((ran.json as Report).tax).toMatchObject({ through: 'sim/sim through mcpd', pairs: 3 })
    expect((ran.json as Report).tax!.rows.map(({ metric }) => metric)).toContain('TTFT p50, ms')
  })

  it('counts every kind of failure, and exits with 1', async () => {
    const words = [
      await simulator(),
      '--model',
      'sim',
      '-n',
      '40',
      '-c',
      '4',
      '--timeout',
      '500ms',
      '--no-preflight',
    ]
    const ran = await bench([
      ...words,
      '--warmup',
      '0',
      '--extra',
      '{"sim":{"fault":"mix"}}',
      '--quiet',
      '--json',
    ])
    expectCode(ran, 1)
    const { errors, load } = ran.json as Report
    expect(load.requests).toBe(40)
    expect(errors).toMatchObject({ total: 20, rate: 0.5 })
    expect(Object.values(errors.byClass)).toEqual(Array(10).fill(2))
  })

  it('sees from the schedule what a server that stands still does to those who come', async () => {
    const url = await simulator({ freeze: { everyMs: 1000, forMs: 400 } })
    const words = [
      url,
      '--model',
      'sim',
      '--rate',
      '40',
      '--arrivals',
      'constant',
      '-d',
      '3s',
      '-c',
      '1',
      '--output-tokens',
      '1',
    ]
    const { json } = await bench([...words, '--quiet', '--json'])
    const { metrics } = json as Report
    expect(metrics.fromSchedule.ttftMs.p99!).toBeGreaterThan(0.9 * 400)
  })

  it('injects faults and says how long it took to recover', async () => {
    const words = [
      await simulator(),
      '--model',
      'sim',
      '--scenario',
      'failure',
      '-c',
      '2',
      '-d',
      '3s',
      '--output-tokens',
      '3',
    ]
    const ran = await bench([
      ...words,
      '--fault',
      'kill@500ms+300ms',
      '--fault',
      '5xx@1500ms+300ms',
      '--quiet',
      '--json',
    ])
    expectCode(ran, 0)
    const { faults = [] } = ran.json as Report
    expect(faults.map(({ kind }) => kind)).toEqual(['kill', '5xx'])
    for (const { lost, recoveryMs, after } of faults) {
      expect(lost).toBeGreaterThan(0)
      expect(recoveryMs).toBeGreaterThanOrEqual(0)
      expect(after.requests).toBeGreaterThan(after.failed)
    }
  })

  it('ends with a report when it is interrupted', async () => {
    const url = await simulator()
    const run = startCommand(
      ['bench', url, '--model', 'sim', '-d', '60s', '--no-selftest', '--quiet', '--json'],
      {
        env: { XDG_CACHE_HOME: '/nonexistent' },
        timeout: 60_000,
      },
    )
    await sent(url, 10)
    run.kill('SIGINT')
    const { exitCode, stdout } = await run
    expect(exitCode).toBe(130)
    const report = JSON.parse(String(stdout)) as Report
    expect(report.isInterrupted).toBe(true)
    expect(report.load.requests).toBeGreaterThan(0)
    expect(report.metrics.ttftMs.n).toBeGreaterThan(0)
  })
})

describe('bad input of mcpd bench', () => {
  it('ends with 3 when nobody is there, also without asking first', async () => {
    const url = await closedPort()
    const asked = await bench([url, ...quick])
    expect(asked).toMatchObject({ code: 3, err: expect.stringContaining('connect') as string })
    const unasked = await bench([url, ...quick, '--no-preflight', '--json'])
    expect(unasked.code).toBe(3)
    expect((unasked.json as Report).errors.byClass).toEqual({ connect: 12 })
    expect((await bench([url, '--quiet'])).code).toBe(3)
  })

  it.each([
    ['a model that is not there', 'nobody', 2, /MODEL_NOT_FOUND/],
    ['a key that is missing', 'fault/refuse-401', 2, /MCPD_BENCH_API_KEY/],
    ['a server that has had enough', 'fault/refuse-429', 3, /RATE_LIMITED/],
    ['a server that fails', 'fault/500', 3, /http_5xx/],
    ['a page instead of an answer', 'fault/html', 3, /bad_json/],
    ['an answer that is empty', 'fault/empty-completion', 3, /empty/],
    ['an error inside of a 200', 'fault/error-in-200', 3, /sse_error_event/],
    ['an answer that is cut', 'fault/cut-mid-stream', 3, /reset-mid/],
  ])('of %s', async (_, model, code, words) => {
    const ran = await bench([await standIn(), '--model', model, '-n', '3', '--quiet'])
    expect(ran.code).toBe(code)
    expect(ran.err).toMatch(words)
  })

  it.each([
    ['an objective nobody can meet', ['--slo', 'ttft=0ms'], /allows no time at all/],
    ['an objective of nothing', ['--slo', 'speed=5s'], /is no objective/],
    ['a concurrency that is none', ['-c', 'many'], /concurrency/],
    ['a rate that is none', ['--rate', '-3'], /rate/],
    ['arrivals without a rate', ['--arrivals', 'poisson'], /rate/],
    ['sizes that are none', ['--input-tokens', 'long'], /number of tokens/],
    ['a duration without a unit', ['-d', '30'], /duration/],
    ['members that are no JSON', ['--extra', '{ignore'], /extra/],
    ['a file of prompts that is not there', ['--prompts', '/nonexistent'], /cannot be read/],
    ['a scenario that is not there', ['--scenario', '/nonexistent.yaml'], /cannot be read/],
    ['a fault that is none', ['--scenario', 'failure', '--fault', 'sulk@1s+1s'], /is no fault/],
  ])('of %s', async (_, words, message) => {
    const ran = await bench([await standIn(), '--model', 'stand-in', '--quiet', ...words])
    expect(ran.code).toBe(2)
    expect(ran.err).toMatch(message)
  })

  it('of a scenario that says something unknown names it', async () => {
    const path = join(await folder(), 'scenario.yaml')
    await writeFile(path, 'speed: 11\n')
    expect(await bench([await standIn(), '--scenario', path])).toMatchObject({
      code: 2,
      err: expect.stringContaining('has no setting "speed"') as string,
    })
    await writeFile(path, 'requests: [unclosed\n')
    expect((await bench([await standIn(), '--scenario', path])).code).toBe(2)
  })

  it('of an objective that is missed is exit code 1, with its goodput', async () => {
    const ran = await bench([
      await simulator(),
      '--model',
      'sim',
      '-n',
      '10',
      '--slo',
      'ttft=1ms',
      '--quiet',
      '--json',
    ])
    expectCode(ran, 1)
    expect((ran.json as Report).metrics.goodput).toEqual({ requestsPerSecond: 0, share: 0 })
  })
})

describe('mcpd bench gate and compare', () => {
  const load = ['--model', 'sim', '-n', '15', '-c', '3', '--output-tokens', '4']
  const slow = ['--extra', '{"sim":{"ttftMs":40}}']

  it('fall on what has become slower than what was saved', async () => {
    const [url, path] = [await simulator(), await folder()]
    const [before, after] = [join(path, 'before.json'), join(path, 'after.json')]
    expectCode(await bench([url, ...load, '--repeats', '8', '-o', before, '--quiet', '--json']), 0)
    const gate = await bench([
      'gate',
      url,
      '--baseline',
      before,
      ...slow,
      '--model',
      'sim',
      '--pairs',
      '8',
      '--margin',
      '20',
      '--quiet',
      '--json',
    ])
    expectCode(gate, 1)
    const { rows, runs } = gate.json as GateReport
    expect(runs).toEqual({ baseline: 8, candidate: 8, paired: false })
    expect(rows.find(({ metric }) => metric === 'ttftP50Ms')).toMatchObject({ verdict: 'worse' })
    await bench([url, ...load, ...slow, '-o', after, '--quiet'])
    const compared = await bench(['compare', before, after])
    expect(compared.code).toBe(0)
    expect(compared.out).toMatch(/TTFT p50 .*\+\d/)
  })

  it('measure two targets in turn', async () => {
    const [one, other] = [await simulator(), await simulator({ behaviour: { ttftMs: 60, gapMs: 1 } })]
    const ran = await bench([
      'gate',
      other,
      '--baseline',
      one,
      ...load,
      '--pairs',
      '6',
      '--margin',
      '50',
      '--quiet',
      '--json',
    ])
    expectCode(ran, 1)
    expect((ran.json as GateReport).runs).toEqual({ baseline: 6, candidate: 6, paired: true })
  })

  it('hold what the façade costs: a stream through the daemon is no half slower than without', async () => {
    const url = await simulator({ behaviour: { ttftMs: 40, gapMs: 2 } })
    const daemon = await startTestDaemon(`backends:\n  - { name: sim, adapter: openai, url: "${url}" }\n`)
    onTestFinished(() => daemon.close())
    const ran = await bench([
      'gate',
      `${daemon.url}/v1`,
      '--baseline',
      url,
      ...load,
      '--pairs',
      '6',
      '--margin',
      '50',
      '--quiet',
      '--json',
    ])
    // What a busy machine does not let anybody conclude (4) is no regression; one that is seen (1) is.
    expect([0, 4]).toContain(ran.code)
    const { rows } = ran.json as GateReport
    expect(rows.filter(({ verdict }) => verdict === 'worse')).toEqual([])
  })

  it('fall on a candidate that fails, and refuse a baseline that says nothing', async () => {
    const [url, path] = [await simulator(), join(await folder(), 'single.json')]
    await bench([url, ...load, '-o', path, '--quiet'])
    expect(await bench(['gate', url, '--baseline', path, ...load])).toMatchObject({
      code: 2,
      err: expect.stringContaining('has no repeats') as string,
    })
    expect((await bench(['compare', path, '/nonexistent'])).code).toBe(2)
    expect((await bench(['gate', url, '--baseline', url, ...load, '--margin', 'much'])).code).toBe(2)
  })
})
