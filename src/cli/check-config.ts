import { askProgram } from './daemon-process.ts'

export interface CheckOptions {
  /** Default: the file that `mcpd serve` would read. */
  readonly path?: string | undefined
  readonly insecure?: boolean
}

export interface CheckedConfig {
  /** The file that was read, if any. */
  readonly path?: string
  readonly backends: readonly { readonly name: string; readonly adapter: string }[]
}

/** Has the daemon's program check a config, adapter options included. Throws CONFIG_INVALID with the line at fault. */
export const checkConfig = async (
  { path, insecure }: CheckOptions,
  signal: AbortSignal,
): Promise<CheckedConfig> => {
  const argv = [
    '--check',
    ...(path === undefined ? [] : ['--config', path]),
    ...(insecure ? ['--insecure'] : []),
  ]
  // The program is our own and of this version.
  return (await askProgram(argv, signal)) as CheckedConfig
}
