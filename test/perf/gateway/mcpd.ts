import { spawnSync } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RunningProcess, startProcess } from './processes.ts'

/** This checkout. */
export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Compiles src/ to dist/, which is what is measured. Throws when it does not compile. */
export const build = (checkout: string): void => {
  const { status } = spawnSync(process.execPath, ['tools/build.mjs'], { cwd: checkout, stdio: 'inherit' })
  if (status !== 0)
    throw new Error(`${checkout} does not compile; what is in dist/ would not be what is in src/.`)
}

interface BackendEntry {
  readonly name: string
  readonly adapter: string
  readonly url: string
}

/** A daemon of a checkout, with a state directory of its own. */
export const startMcpd = async (
  checkout: string,
  directory: string,
  backends: readonly BackendEntry[],
): Promise<RunningProcess & { readonly url: string }> => {
  const stateDir = await mkdtemp(join(directory, 'mcpd-'))
  const config = join(stateDir, 'mcpd.yaml')
  const entries = backends.map(
    ({ name, adapter, url }) => `  - { name: ${name}, adapter: ${adapter}, url: ${url}, concurrency: 256 }`,
  )
  await writeFile(config, ['backends:', ...entries, ''].join('\n'))
  const started = await startProcess({
    command: process.execPath,
    args: [
      join(checkout, 'bin/mcpd-daemon.js'),
      '--config',
      config,
      '--state-dir',
      stateDir,
      '--port',
      '0',
      '--json',
      '--no-discover',
    ],
    cwd: stateDir,
  })
  const { url } = JSON.parse(started.firstLine) as { url: string }
  return { ...started, url }
}
