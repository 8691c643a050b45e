import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { whyNoOllama } from './ollama-server.ts'
import { cache, pythonOf, whyNot } from './program.ts'

/**
 * Installs the runtimes of these tests into the cache, each into a virtual environment of its own, and says by name
 * what could not be. What is there stays as it is; vitest runs it before the tests.
 */

interface Recipe {
  /** Packages, at the versions that docs/results/runtimes.md names. */
  readonly packages: readonly string[]
  /** Pythons to try, the first that is there. */
  readonly pythons?: readonly string[]
}

const recipes: Readonly<Record<string, Recipe>> = {
  // The server binary carries a Python of its own, which wants the standard library of one not newer than 3.11.6.
  pytriton: { packages: ['nvidia-pytriton==0.7.0'], pythons: ['/usr/bin/python3', 'python3'] },
  mlserver: { packages: ['mlserver==1.7.1'] },
  // Its streams break with pydantic 2.
  fastchat: { packages: ['fschat==0.2.36', 'pydantic<2', 'fastapi<0.111', 'uvicorn', 'tiktoken'] },
  // Compiles llama.cpp, which takes some minutes.
  llama: { packages: ['llama-cpp-python[server]==0.3.36'] },
}

const installMaxMs = 30 * 60_000

const run = (command: readonly string[]): Promise<string | undefined> =>
  new Promise((resolve) => {
    const [file = '', ...rest] = command
    const child = spawn(file, rest, { stdio: ['ignore', 'ignore', 'pipe'], timeout: installMaxMs })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)))
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code) =>
      resolve(code === 0 ? undefined : (said.trim().split('\n').at(-1) ?? `it ended with ${code}`)),
    )
  })

/** Why it could not be installed; undefined when it was. */
const install = async (
  name: string,
  { packages, pythons = ['python3'] }: Recipe,
): Promise<string | undefined> => {
  const folder = join(cache, 'venvs', name)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const python = pythons.find((each) => !each.startsWith('/') || existsSync(each)) ?? 'python3'
  // A Python of Debian brings no pip; that of another installs for it.
  const failure =
    (await run([python, '-m', 'venv', '--without-pip', folder])) ??
    (await run(['python3', '-m', 'pip', '--python', pythonOf(name), 'install', '--quiet', ...packages]))
  if (failure === undefined) await writeFile(join(folder, 'installed'), packages.join('\n'))
  return failure
}

export default async function installRuntimes(): Promise<void> {
  for (const [name, recipe] of Object.entries(recipes)) {
    if (whyNot(name) === undefined) continue
    console.info(`installing ${recipe.packages.join(', ')} …`)
    const failure = await install(name, recipe)
    if (failure !== undefined) console.warn(`could not install ${name}: ${failure}`)
  }
  if (whyNoOllama) console.warn(`no Ollama: ${whyNoOllama}`)
}

if (import.meta.main) await installRuntimes()
