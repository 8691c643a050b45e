import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, homedir, hostname } from 'node:os'
import { join } from 'node:path'
import type { ErrorBar } from '../report/report.ts'

/** Machines change, and so does what else runs on them. */
const validMs = 7 * 86_400_000

interface Saved {
  readonly machine: string
  readonly errorBar: ErrorBar
}

const folderOf = (env: NodeJS.ProcessEnv): string =>
  join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'mcpd')
const fileName = 'bench-selftest.json'

const machine = (): string =>
  [hostname(), cpus()[0]?.model, availableParallelism(), process.version, process.arch].join('|')

/** Keeps an error bar for the reports to come. A folder that cannot be written to is no reason to fail. */
export const saveErrorBar = async (errorBar: ErrorBar, env: NodeJS.ProcessEnv): Promise<void> => {
  const folder = folderOf(env)
  const path = join(folder, fileName)
  const saved: Saved = { machine: machine(), errorBar }
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(`${path}.${process.pid}`, JSON.stringify(saved))
    await rename(`${path}.${process.pid}`, path)
  } catch {
    // Read-only homes exist; the next report measures again.
  }
}

/** The error bar that was measured here in the last week; undefined when there is none. */
export const readErrorBar = async (
  env: NodeJS.ProcessEnv,
  now = Date.now(),
): Promise<ErrorBar | undefined> => {
  try {
    const saved = JSON.parse(await readFile(join(folderOf(env), fileName), 'utf8')) as Saved
    const isFresh = now - Date.parse(saved.errorBar.measuredAt) < validMs
    return isFresh && saved.machine === machine() ? saved.errorBar : undefined
  } catch {
    return undefined
  }
}
