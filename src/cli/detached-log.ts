import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { McpdError } from '../core/errors.ts'
import { loadConfig } from '../core/load-config.ts'

interface LogOptions {
  readonly config?: string | undefined
  readonly 'state-dir'?: string | undefined
}

/** The log file that a daemon with these flags will write, opened for what it says outside of its log, such as a crash. */
export const openLog = (flags: LogOptions) => {
  const { config } = loadConfig({
    ...(flags.config !== undefined && { path: flags.config }),
    ...(flags['state-dir'] !== undefined && { flags: { stateDir: flags['state-dir'] } }),
    env: process.env,
    cwd: process.cwd(),
  })
  const path = config.log.file
  try {
    mkdirSync(config.stateDir, { recursive: true, mode: 0o700 })
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const descriptor = openSync(path, 'a', 0o600)
    return { path, descriptor, close: () => closeSync(descriptor) }
  } catch (error) {
    throw new McpdError(
      'CONFIG_INVALID',
      `The log ${path} cannot be written: ${(error as Error).message}.`,
      {},
      error,
    )
  }
}
