import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
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
      `${nameOf(plainUrl)} cannot be imported: ${await lineOf(error, plainUrl)}${what}`,
      {},
      error,
    )
  } finally {
    clearTimeout(timer)
  }
}

const run = promisify(execFile)

/** Only a Node that is asked to check the file alone tells the line of a syntax error. */
const lineOf = async (thrown: unknown, url: string): Promise<string> => {
  if (!(thrown instanceof SyntaxError)) return ''
  const path = fileURLToPath(url)
  const refused = await run(process.execPath, ['--check', path], { timeout: loadMaxMs }).catch(
    (failed: unknown) => failed,
  )
  const { stderr: words = '' } = refused as { readonly stderr?: string }
  const line = words.split('\n').find((each) => each.startsWith(`${path}:`) || each.startsWith(`${url}:`))
  return line === undefined ? '' : `line ${line.slice(line.lastIndexOf(':') + 1)}: `
}
