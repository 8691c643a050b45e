import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { McpdError } from '../../core/errors.ts'

export const languages = ['typescript', 'python'] as const
export type Language = (typeof languages)[number]

export interface Scaffolded {
  /** Absolute. */
  readonly folder: string
  /** Names in it. */
  readonly files: readonly string[]
  /** The command that checks it, from inside. */
  readonly check: string
}

const checks: Readonly<Record<Language, string>> = {
  typescript: 'mcpd adapter check ./adapter.ts --echoes',
  python: 'mcpd adapter check --echoes -- python3 adapter.py',
}

const templates = fileURLToPath(new URL('.', import.meta.url))
const ending = '.template'
const namePattern = /^[a-z][a-z0-9-]{0,63}$/

/** Writes a working adapter project into a folder of its name below `cwd`. Throws USAGE; never overwrites. */
export const scaffold = async (name: string, language: Language, cwd: string): Promise<Scaffolded> => {
  if (!namePattern.test(name))
    throw new McpdError('USAGE', `"${name}" is no name for an adapter: lower-case letters, digits, hyphens.`)
  const folder = resolve(cwd, name)
  const there = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new McpdError('USAGE', `${folder} cannot be written to (${error.code}).`, {}, error)
  })
  if (there.length > 0) throw new McpdError('USAGE', `${folder} is not empty; nothing was written.`)
  await mkdir(folder, { recursive: true })
  const source = join(templates, language)
  const files = (await readdir(source)).filter((file) => file.endsWith(ending)).toSorted()
  for (const file of files) {
    const text = await readFile(join(source, file), 'utf8')
    await writeFile(join(folder, file.slice(0, -ending.length)), text.replaceAll('{{name}}', name))
  }
  return { folder, files: files.map((file) => file.slice(0, -ending.length)), check: checks[language] }
}
