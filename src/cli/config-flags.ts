import { Flags } from '@oclif/core'
import type { ConfigFile } from '../core/config-schema.ts'
import type { ConfigSources } from '../core/load-config.ts'

/** The flags of `mcpd serve` that stand above the environment and the file. */
export const configFlags = {
  config: Flags.string({ description: 'config file', helpValue: 'mcpd.yaml' }),
  host: Flags.string({ description: 'as with "mcpd serve --host"', helpValue: 'address' }),
  'log-level': Flags.string({
    description: 'as with "mcpd serve --log-level"',
    options: ['trace', 'debug', 'info', 'warn', 'error'],
  }),
  port: Flags.integer({
    description: 'as with "mcpd serve --port"',
    min: 0,
    max: 65_535,
    helpValue: 'number',
  }),
  'state-dir': Flags.string({ description: 'as with "mcpd serve --state-dir"', helpValue: 'directory' }),
}

interface GivenFlags {
  readonly config?: string | undefined
  readonly host?: string | undefined
  readonly 'log-level'?: string | undefined
  readonly port?: number | undefined
  readonly 'state-dir'?: string | undefined
}

/** Where `mcpd serve` with these flags would read its settings in this shell. */
export const configSources = (flags: GivenFlags): ConfigSources => ({
  flags: {
    listen: {
      ...(flags.host !== undefined && { host: flags.host }),
      ...(flags.port !== undefined && { port: flags.port }),
    },
    ...(flags['state-dir'] !== undefined && { stateDir: flags['state-dir'] }),
    ...(flags['log-level'] !== undefined && { log: { level: flags['log-level'] as LogLevel } }),
  },
  ...(flags.config !== undefined && { path: flags.config }),
  env: process.env,
  cwd: process.cwd(),
})

/** One of the flag's options. */
type LogLevel = NonNullable<NonNullable<ConfigFile['log']>['level']>
