import { Flags } from '@oclif/core'

/** Flags of every command that reads or writes versions of documents. */
export const specFlags = {
  config: Flags.string({ description: 'config file', helpValue: 'mcpd.yaml' }),
  store: Flags.string({
    description: 'folder that keeps the versions; default: specs.store of the config',
    helpValue: 'directory',
  }),
  'state-dir': Flags.string({
    description: 'state directory, in which the versions are kept by default',
    helpValue: 'directory',
    helpGroup: 'GLOBAL',
  }),
}
