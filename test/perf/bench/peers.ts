import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SimulatorProcess } from '../../../src/bench/selftest/simulator-process.ts'
import type { Truth } from '../../../src/bench/simulator/answer.ts'

/** One load, sent by one tool, as that tool reports it. */
export interface PeerLoad {
  readonly simulator: SimulatorProcess
  readonly streams: number
  readonly requests: number
  readonly tokens: number
  /** Whether every second request fails in one of ten ways. */
  readonly mixed: boolean
}

export interface PeerResult {
  /** By the id that the simulator knows it by, in ms. */
  readonly requests: readonly { readonly id: string; readonly ttftMs: number; readonly tpotMs: number }[]
  readonly succeeded: number
  readonly failed: number
  /** What it calls the failures, if it does. */
  readonly classes: Readonly<Record<string, number>>
  readonly exit: number | null
  /** CPU seconds of all its processes, start and analysis included. */
  readonly cpuSeconds: number
}

export interface Peer {
  readonly name: string
  readonly command: (load: PeerLoad) => readonly string[]
  run(load: PeerLoad): Promise<PeerResult>
}

const mcpd = fileURLToPath(new URL('../../../bin/dev.js', import.meta.url))
const runMaxMs = 300_000

interface Ended {
  readonly exit: number | null
  readonly cpuSeconds: number
}

/** Runs a program under GNU time, which adds the CPU of all its children up. */
const timed = async (
  command: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> => {
  const report = join(cwd, 'time.txt')
  const child = spawn('/usr/bin/time', ['-f', '%U %S', '-o', report, ...command], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'ignore'],
    timeout: runMaxMs,
  })
  const exit = await new Promise<number | null>((resolve) => child.once('close', resolve))
  const last = readFileSync(report, 'utf8').trim().split('\n').at(-1) ?? ''
  const [user = 0, system = 0] = last.split(' ').map(Number)
  return { exit, cpuSeconds: user + system }
}

const inFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'mcpd-peer-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const behaviourOf = ({ mixed }: PeerLoad): object => (mixed ? { sim: { fault: 'mix' } } : {})

const ownCommand = (load: PeerLoad): readonly string[] => [
  process.execPath,
  mcpd,
  'bench',
  load.simulator.url,
  '--model',
  'sim',
  '--concurrency',
  String(load.streams),
  '--requests',
  String(load.requests),

  '--output-tokens',
  String(load.tokens),
  '--input-tokens',
  '32',
  '--warmup',
  '0',
  '--no-selftest',
  '--quiet',
  '--timeout',
  '10s',
  '--no-preflight',
  '--extra',
  JSON.stringify(behaviourOf(load)),
]

export const own: Peer = {
  name: 'mcpd bench',
  command: ownCommand,
  run: (load) =>
    inFolder(async (folder) => {
      const [records, output] = [join(folder, 'records.jsonl'), join(folder, 'report.json')]
      const ended = await timed([...ownCommand(load), '--records', records, '--output', output], folder)
      const report = JSON.parse(readFileSync(output, 'utf8')) as {
        errors: { total: number; byClass: Record<string, number> }
      }
      const lines = readLines<{
        requestId: string | null
        outcome: string
        t: number[]
        t_issue: number
        outputTokens: number
      }>(records)
      const good = lines.filter(({ outcome }) => outcome === 'ok')
      return {
        ...ended,
        requests: good.map(({ requestId, t, t_issue: issued, outputTokens }) => ({
          id: requestId ?? '',
          ttftMs: t[0]! - issued,
          tpotMs: (t.at(-1)! - t[0]!) / (outputTokens - 1),
        })),
        succeeded: good.length,
        failed: report.errors.total,
        classes: report.errors.byClass,
      }
    }),
}

const readLines = <T>(path: string): T[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T)

interface AiperfLine {
  readonly metadata: { readonly x_request_id: string }
  readonly error?: { readonly type?: string; readonly code?: number } | null
  readonly metrics?: Readonly<Record<string, { readonly value: number } | undefined>>
}

/** `folder` holds the environment; its tokenizer `local/tok` has to be in the Hugging Face cache of HF_HOME. */
export const aiperf = (folder: string, home: string): Peer => {
  const command = (load: PeerLoad): readonly string[] => [
    join(folder, 'bin', 'aiperf'),
    'profile',

    '--model',
    'sim',
    '--url',
    new URL(load.simulator.url).origin,
    '--endpoint-type',
    'chat',
    '--streaming',
    '--concurrency',
    String(load.streams),
    '--request-count',
    String(load.requests),
    '--tokenizer',
    'local/tok',
    '--use-server-token-count',
    '--output-tokens-mean',
    String(load.tokens),
    '--synthetic-input-tokens-mean',
    '32',
    '--request-timeout-seconds',
    '10',
    '--ui',
    'none',
    ...(load.mixed ? ['--extra-inputs', JSON.stringify(behaviourOf(load))] : []),
  ]
  return {
    name: 'aiperf',
    command,
    run: (load) =>
      inFolder(async (work) => {
        const ended = await timed([...command(load), '--artifact-dir', join(work, 'out')], work, {
          HF_HUB_OFFLINE: '1',
          HF_HOME: home,
        })
        const lines = readLines<AiperfLine>(join(work, 'out', 'profile_export.jsonl'))
        const good = lines.filter(({ error }) => !error)
        const bad = lines.filter(({ error }) => error)
        return {
          ...ended,
          requests: good.map(({ metadata, metrics }) => ({
            id: metadata.x_request_id,
            ttftMs: metrics?.['time_to_first_token']?.value ?? Number.NaN,
            tpotMs: metrics?.['inter_token_latency']?.value ?? Number.NaN,
          })),
          succeeded: good.length,
          failed: bad.length,
          classes: countBy(bad.map(({ error }) => String(error?.code ?? error?.type ?? 'error'))),
        }
      }),
  }
}

interface GuidellmRequest {
  readonly response_id: string | null
  readonly time_to_first_token_ms: number | null
  readonly inter_token_latency_ms: number | null
  readonly info: { readonly error: string | null }
}

export const guidellm = (folder: string): Peer => {
  const command = (load: PeerLoad): readonly string[] => [
    join(folder, 'bin', 'guidellm'),
    'run',
    '--backend',
    `kind=openai_http,target=${new URL(load.simulator.url).origin},model=sim,timeout=10`,

    '--data',
    'kind=json_file,path=prompts.jsonl',
    '--profile',
    `kind=concurrent,streams=${load.streams}`,
    '--constraint',
    `kind=max_requests,count=${load.requests}`,
    '--output',
    'kind=json,path=guidellm.json',
    '--disable-console',
  ]
  return {
    name: 'guidellm',
    command,
    run: (load) =>
      inFolder(async (work) => {
        const prompts = Array.from({ length: load.requests }, (_, index) =>
          JSON.stringify({ prompt: `Tell me about number ${index}, please, in a few words.` }),
        )
        writeFileSync(join(work, 'prompts.jsonl'), `${prompts.join('\n')}\n`)
        const ended = await timed(command(load), work, { HF_HUB_OFFLINE: '1' })
        const report = JSON.parse(readFileSync(join(work, 'guidellm.json'), 'utf8')) as {
          benchmarks: { requests: { successful: GuidellmRequest[]; errored: GuidellmRequest[] } }[]
        }
        const { successful = [], errored = [] } = report.benchmarks[0]?.requests ?? {}
        return {
          ...ended,
          requests: successful.map((one) => ({
            id: one.response_id ?? '',
            ttftMs: one.time_to_first_token_ms ?? Number.NaN,
            tpotMs: one.inter_token_latency_ms ?? Number.NaN,
          })),
          succeeded: successful.length,
          failed: errored.length,
          classes: countBy(errored.map(({ info }) => (info.error ?? 'error').split('\n')[0]!.slice(0, 60))),
        }
      }),
  }
}

const countBy = (names: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** What really happened to a request, by whatever id the tool has for it. */
export const findTruths = (truths: readonly Truth[]): ReadonlyMap<string, Truth> =>
  new Map(
    truths.flatMap(
      (truth) =>
        [
          [truth.id, truth],
          [truth.clientId ?? truth.id, truth],
        ] as const,
    ),
  )
