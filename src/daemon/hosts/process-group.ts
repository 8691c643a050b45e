import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/**
 * A child that was started as the head of a process group of its own (`detached`), and whatever it starts: wrappers
 * such as `uv run` have the real program as their child.
 */

const isWindows = process.platform === 'win32'

/** Signals the whole group; that it is gone already is no error. */
export const signalGroup = (child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void => {
  if (child.pid === undefined) return
  if (isWindows) {
    child.kill(signal)
    return
  }
  try {
    process.kill(-child.pid, signal)
  } catch {
    // Nobody is left.
  }
}

/** Kills the group and removes the folder a second after this process has gone, however it went. */
const script = 'read -r _; sleep 1; kill -9 -- "-$1"; rm -rf -- "$2"'

/**
 * Sees to it that the group ends with this process, even if both are beyond doing anything. A shell of a few hundred
 * kilobytes waits for the end of its standard input. The function that is returned calls it off.
 */
export const endWithUs = (pid: number | undefined, folder: string): (() => void) => {
  if (isWindows || pid === undefined) return () => undefined
  const watcher = spawn('/bin/sh', ['-c', script, 'mcpd-watch', String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watcher.on('error', () => undefined)
  watcher.stdin.on('error', () => undefined)
  watcher.unref()
  return () => watcher.kill('SIGKILL')
}

const run = promisify(execFile)
/** Of a page of memory, as /proc counts it. */
const pageBytes = 4096

/** Resident memory of all processes of the group; undefined where nobody can say. */
export const residentBytes = async (group: number): Promise<number | undefined> => {
  try {
    return process.platform === 'linux' ? await fromProc(group) : await fromPs(group)
  } catch {
    return undefined
  }
}

const fromProc = async (group: number): Promise<number> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
      // The name of the program stands in parentheses and may hold anything.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return Number(fields[2]) === group ? Number(fields[21]) * pageBytes : 0
    }),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

const fromPs = async (group: number): Promise<number> => {
  const { stdout } = await run('ps', ['-A', '-o', 'pgid=,rss='])
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([pgid]) => pgid === group)
    .reduce((sum, [, kilobytes = 0]) => sum + kilobytes * 1024, 0)
}
