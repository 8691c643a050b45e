import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { BackendConfig } from '../core/config.ts'
import { resolveBackend } from '../core/config.ts'
import type { LoadedConfig } from '../core/load-config.ts'
import { writeDemoModel } from './adapters/embedded/demo-model.ts'
import { adapterModules } from './adapter-code.ts'
import { modelBackend } from './assemble.ts'
import type { Found } from '../discovery/discover.ts'
import { uniquelyNamed } from '../discovery/unique-names.ts'

export interface PlanParts {
  /** `--model`. */
  readonly model?: string
  readonly cwd: string
  /** Where the demo model is written. */
  readonly stateDir: string
  /** Whether to look for runtimes on this machine where nothing says which there are. */
  readonly discover: boolean
}

export interface BackendPlan {
  readonly configs: readonly BackendConfig[]
  /** What was found and done, for people. */
  readonly notes: readonly string[]
}

/**
 * Which backends there are to be: that of `--model` first, then those of the config. Where neither says any, those
 * found on this machine; where there are none, the demo model, so that the first minute works.
 */
export const planBackends = async (loaded: LoadedConfig, parts: PlanParts): Promise<BackendPlan> => {
  const { waits, backends } = loaded.config
  const own = parts.model === undefined ? [] : [modelBackend(parts.model, parts.cwd, waits)]
  if (own.length + backends.length > 0) return { configs: [...own, ...backends], notes: [] }
  const found = parts.discover ? await look() : []
  const notes = found.map(describeFound)
  const usable = found
    .filter(isUsable)
    .map(({ runtime, url }) => resolveBackend({ name: runtime.name, adapter: runtime.adapter!, url }, waits))
  if (usable.length > 0) return { configs: uniquelyNamed(usable), notes }
  const path = join(parts.stateDir, 'mcpd-demo.gguf')
  if (!existsSync(path)) await writeDemoModel(path)
  return { configs: [{ ...modelBackend(path, parts.cwd, waits), name: 'demo' }], notes }
}

const look = async (): Promise<readonly Found[]> => {
  const { discover } = await import('../discovery/discover.ts')
  return discover()
}

const isUsable = ({ runtime }: Found): boolean => adapterModules.some(({ type }) => type === runtime.adapter)

const describeFound = (found: Found): string => {
  const { runtime, url, version } = found
  const what = `${runtime.title}${version === '' ? '' : ` ${version}`} at ${url}`
  return isUsable(found) ? `Found ${what}.` : `Found ${what}; mcpd has no adapter for it yet.`
}
