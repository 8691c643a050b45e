import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The code base as data: which files there are, what they say and what they import. */

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Every file that is or would be tracked, as paths from the root, sorted. */
export const files: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '-z'],
  { cwd: root, encoding: 'utf8' },
)
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(root, file)))
  .toSorted()

export const read = (file: string): string => readFileSync(join(root, file), 'utf8')

export const isCode = (file: string): boolean => /\.(ts|js|mjs)$/.test(file)

/** The TypeScript of `src/`. */
export const sources: readonly string[] = files.filter((file) => /^src\/.*\.ts$/.test(file))

export interface Import {
  /** As written: a package, `node:…` or a relative path. */
  readonly specifier: string
  /** The imported file from the root, for a relative path. */
  readonly file?: string
}

const statement = /^\s*(?:import|export)\b[^'";]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'/gm
const dynamic = /\bimport\(\s*'([^']+)'\s*,?\s*\)/g

const resolved = (from: string, specifier: string): Import =>
  specifier.startsWith('.')
    ? { specifier, file: relative('', join(dirname(from), specifier)) }
    : { specifier }

/** What a file needs to be there before it runs, types included. */
export const staticImports = (file: string): readonly Import[] =>
  [...read(file).matchAll(statement)].map((match) => resolved(file, match[1] ?? match[2] ?? ''))

/** Everything a file may load, now or later. */
export const imports = (file: string): readonly Import[] => [
  ...staticImports(file),
  ...[...read(file).matchAll(dynamic)].map((match) => resolved(file, match[1] ?? '')),
]

/** The first part of the path below `src/`: the layer a file belongs to. */
export const layerOf = (file: string): string => file.split('/')[1] ?? ''

/** Whether a file holds nothing that runs. */
export const isTypesOnly = (file: string): boolean =>
  !/^(export )?(default |abstract |async )*(const|let|function\*?|class)\b|^export default\b/m.test(
    read(file),
  )

/** Whether a file only hands on what others export. */
export const isBarrel = (file: string): boolean =>
  /^export\b[^'"]*\bfrom\s+'/m.test(read(file)) &&
  isTypesOnly(file) &&
  !/^(export )?(interface|type \w+ =)/m.test(read(file))

/** Circles of static imports among the sources, each as `a → b → a`. */
export const findCycles = (): readonly string[] => {
  const known = new Set(sources)
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file)
    if (at >= 0) cycles.push([...path.slice(at), file].join(' → '))
    if (at >= 0 || done.has(file)) return
    for (const { file: imported } of staticImports(file))
      if (imported !== undefined && known.has(imported)) visit(imported, [...path, file])
    done.add(file)
  }
  for (const file of sources) visit(file, [])
  return cycles
}
