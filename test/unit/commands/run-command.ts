import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa, type Options } from 'execa'
import { onTestFinished } from 'vitest'

const program = fileURLToPath(new URL('../../../bin/dev.js', import.meta.url))

/** A folder of the running test, removed after it. Short, since sockets in it have short paths. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'mcpd-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Starts a command as a process that sees none of this machine's daemons and settings. It fails no test by itself. */
export const startCommand = (words: readonly string[], { env, ...options }: Options = {}) =>
  execa(process.execPath, [program, ...words], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', MCPD_STATE_DIR: '/nonexistent', ...env },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    // A command that hangs fails its test by its output rather than by the test's own time-out.
    timeout: 25_000,
    ...options,
  })

export interface Ran {
  readonly code: number | undefined
  readonly out: string
  readonly err: string
}

/** Runs a command to its end. `err` has oclif's margin and line breaks taken out. */
export const runCommand = async (
  words: readonly string[],
  { input, env }: { readonly input?: string; readonly env?: Record<string, string> } = {},
): Promise<Ran> => {
  const { exitCode, stdout, stderr } = await startCommand(words, {
    ...(env && { env }),
    ...(input !== undefined && { input, stdin: 'pipe' as const }),
  })
  return {
    code: exitCode,
    out: String(stdout),
    err: String(stderr)
      .replaceAll(/\s*\n ›\s*/g, ' ')
      .trim(),
  }
}
