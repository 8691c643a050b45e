import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, type RunningProcess, startProcess } from './processes.ts'

export const portkeyVersion = '1.15.2'

/** Streaming breaks with the versions of hono that its own ranges resolve to today. */
const packageFile = {
  private: true,
  dependencies: { '@portkey-ai/gateway': portkeyVersion },
  overrides: { hono: '4.9.7', '@hono/node-server': '1.13.5' },
}

const installMaxMs = 120_000

/** Installs Portkey's gateway into the user's cache, once. Resolves to its entry; undefined where it cannot be had. */
export const installPortkey = async (): Promise<string | undefined> => {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const directory = join(cache, 'mcpd-bench', `portkey-${portkeyVersion}`)
  const entry = join(directory, 'node_modules/@portkey-ai/gateway/build/start-server.js')
  if (existsSync(entry)) return entry
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'package.json'), JSON.stringify(packageFile, undefined, 2))
  // Its scripts are left out: they patch its sources for other platforms and are not needed to run it.
  spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: directory,
    timeout: installMaxMs,
    stdio: 'ignore',
  })
  return existsSync(entry) ? entry : undefined
}

export const startPortkey = async (entry: string): Promise<RunningProcess & { readonly url: string }> => {
  const port = await freePort()
  const loopbackOnly = fileURLToPath(new URL('loopback-only.ts', import.meta.url))
  const started = await startProcess({
    command: process.execPath,
    args: ['--import', loopbackOnly, entry, `--port=${port}`, '--headless'],
    env: { NODE_ENV: 'production' },
    port,
  })
  return { ...started, url: `http://127.0.0.1:${port}` }
}

/** It has no backends of its own: each request says where it is to go. */
export const portkeyHeaders = (backend: string): Readonly<Record<string, string>> => ({
  'x-portkey-provider': 'openai',
  'x-portkey-custom-host': `${backend}/v1`,
  authorization: 'Bearer none',
})
