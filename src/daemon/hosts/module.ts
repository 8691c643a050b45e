import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { AdapterModule } from '../../core/adapter.ts'
import { McpdError } from '../../core/errors.ts'
import { requireModule } from './module-check.ts'

/** A module in this process. */
export interface LoadedModule {
  readonly module: AdapterModule
  /** Changes when its file does. */
  readonly revision: string
  /** How many versions of it this process has loaded, and holds: Node never unloads one. */
  readonly loads: number
}

export interface ModuleHost {
  /**
   * The default export of the module at a file URL, checked. A file that has changed is loaded anew; what it imports
   * itself is not. Throws CONFIG_INVALID.
   */
  load(url: string): Promise<LoadedModule>
}

/** A module that waits for something while it is loaded must not hold up a reload for ever. */
const loadMaxMs = 10_000

/** Loads adapter code into this process. */
export const createModuleHost = (): ModuleHost => {
  const loaded = new Map<string, LoadedModule>()
  const counts = new Map<string, number>()

  const load = async (url: string): Promise<LoadedModule> => {
    const revision = await digest(url)
    const known = loaded.get(url)
    if (known?.revision === revision) return known
    const loads = (counts.get(url) ?? 0) + 1
    counts.set(url, loads)
    // Node knows a module by its whole URL.
    const exported = await importModule(`${url}?mcpd=${loads}`, url)
    const fresh = { module: requireModule(exported.default, nameOf(url)), revision, loads }
    loaded.set(url, fresh)
    return fresh
  }

  let last: Promise<unknown> = Promise.resolve()
  return {
    // One after the other, so that backends that share a module share its one load.
    load: (url) => {
      const next = last.then(() => load(url))
      last = next.catch(() => undefined)
      return next
    },
  }
}

const nameOf = (url: string): string => `The module ${fileURLToPath(url)}`

const digest = async (url: string): Promise<string> => {
  try {
    return createHash('sha256')
      .update(await readFile(new URL(url)))
      .digest('hex')
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException
    throw new McpdError('CONFIG_INVALID', `${nameOf(url)} cannot be read (${code}).`, {}, error)
  }
}

const importModule = async (url: string, plainUrl: string): Promise<{ readonly default?: unknown }> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it was not loaded within ${loadMaxMs} ms`)), loadMaxMs)
  })
  try {
    return (await Promise.race([import(url), late])) as { readonly default?: unknown }
  } catch (error) {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    throw new McpdError(
      'CONFIG_INVALID',
      `${nameOf(plainUrl)} cannot be imported: ${lineOf(error, url)}${what}`,
      {},
      error,
    )
  } finally {
    clearTimeout(timer)
  }
}

/** Node says the line of a syntax error at the head of its stack. */
const lineOf = (error: unknown, url: string): string => {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const at = stack.indexOf(`${url}:`)
  const line = at === -1 ? undefined : /^\d+/.exec(stack.slice(at + url.length + 1))?.[0]
  return line === undefined ? '' : `line ${line}: `
}
