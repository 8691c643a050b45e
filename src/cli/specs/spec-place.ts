import { resolve } from 'node:path'
import type { Config } from '../../core/config.ts'
import { loadConfig } from '../../core/load-config.ts'
import { readDocument } from '../../crawler/document.ts'
import { openStore, type SpecStore } from '../../crawler/snapshots/store.ts'

interface SpecFlags {
  readonly config?: string | undefined
  readonly store?: string | undefined
  readonly 'state-dir'?: string | undefined
}

export interface SpecPlace {
  readonly config: Config
  readonly store: SpecStore
}

/** The config and the store that flags, environment and config file name. Throws CONFIG_INVALID. */
export const specPlace = (flags: SpecFlags): SpecPlace => {
  const { config } = loadConfig({
    flags: flags['state-dir'] === undefined ? {} : { stateDir: flags['state-dir'] },
    ...(flags.config !== undefined && { path: flags.config }),
    env: process.env,
    cwd: process.cwd(),
  })
  return { config, store: storeAt(flags.store === undefined ? config.specs.store : resolve(flags.store)) }
}

/** A store that knows how to read what older versions of mcpd have written. */
export const storeAt = (path: string): SpecStore =>
  openStore({
    path,
    fingerprintOf: (raw, version) =>
      readDocument(raw, version.source, { origin: version.source }).facts.fingerprint,
  })
