import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, getPriority, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { type Absent, names } from './candidates.ts'
import { root } from './mcpd.ts'
import { nginxVersion } from './nginx.ts'
import { portkeyVersion } from './portkey.ts'
import type { Row } from './rounds.ts'
import type { StartUp } from './start-up.ts'

/** All that one run has found out, as `--json` prints it. */
export interface Result {
  readonly date: string
  readonly command: string
  readonly seconds: number
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly conditions: readonly string[]
  readonly goals: readonly Goal[]
  readonly unary: readonly Row[]
  readonly streams: readonly Row[]
  readonly startUp: StartUp
  readonly absent: readonly Absent[]
}

export interface Goal {
  readonly what: string
  /** The most it may be. */
  readonly goal: number
  readonly unit: string
  readonly measured: number
  readonly met: boolean
}

export const goals = (unary: readonly Row[], streams: readonly Row[], startUp: StartUp): Goal[] => {
  const goal = (what: string, most: number, unit: string, measured: number, errors = 0): Goal => ({
    what,
    goal: most,
    unit,
    measured,
    met: measured <= most && errors === 0,
  })
  const of = (rows: readonly Row[], name: string, read: (row: Row) => number) => {
    const row = rows.find((each) => each.name === name)!
    return [read(row), row.errors] as const
  }
  const cpu = ({ cpuUs }: Row): number => cpuUs
  const added = ({ addedP99Ms }: Row): number => addedP99Ms
  return [
    goal('CPU per chat of 1 KB, OpenAI surface', 80, 'µs', ...of(unary, names.openai, cpu)),
    goal('CPU per chat of 1 KB, native surface', 80, 'µs', ...of(unary, names.native, cpu)),
    goal('CPU per chunk passed through', 40, 'µs', ...of(streams, names.openai, cpu)),
    goal('CPU per chunk translated', 50, 'µs', ...of(streams, names.native, cpu)),
    goal('added first-token latency p99, passed through', 2, 'ms', ...of(streams, names.openai, added)),
    goal('added first-token latency p99, translated', 2, 'ms', ...of(streams, names.native, added)),
    goal('mcpd --version', 150, 'ms', startUp.versionMs),
    goal('ready without a model', 500, 'ms', startUp.readyMs),
    goal('memory of an idle daemon', 120, 'MB', startUp.idleMb),
  ]
}

export const machine = (): string => {
  const [first] = cpus()
  return `${cpus().length} × ${first?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${release()}`
}

/** What the machine does beside, and whom it favours: load averages of one, five and fifteen minutes. */
export const load = (): string =>
  loadavg()
    .map((each) => each.toFixed(1))
    .join(' ')

export const favour = (): string => (getPriority() === 0 ? '' : `, run at nice ${getPriority()}`)

export const versions = (): Record<string, string> => {
  const require = createRequire(import.meta.url)
  const packageVersion = (file: string): string =>
    (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
  return {
    node: process.versions.node,
    mcpd: `${packageVersion(join(root, 'package.json'))} (${revision()})`,
    undici: packageVersion(require.resolve('undici/package.json')),
    nginx: nginxVersion() ?? 'not installed',
    portkey: portkeyVersion,
  }
}

const revision = (): string => {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    return (
      git('rev-parse', '--short', 'HEAD') +
      (git('status', '--porcelain', 'src') === '' ? '' : ' with changes')
    )
  } catch {
    return 'no checkout'
  }
}
