// Compiles src/ to dist/ when something changed. Runs on Node 20 too: `npm ci` calls it through `prepare`
// with whatever Node the machine has. Prints nothing but the compiler's complaints.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const source = join(root, 'src')
const output = join(root, 'dist')
const stamp = join(output, '.built')
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const settings = ['package.json', 'tsconfig.json', 'tsconfig.build.json', join('tools', 'build.mjs')]

const filesBelow = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
    : []

const isCompiled = (file) => file.endsWith('.ts')

/** What one source file becomes in dist/. */
const outputsOf = (file) =>
  isCompiled(file) ? ['.js', '.js.map', '.d.ts'].map((ending) => file.replace(/\.ts$/, ending)) : [file]

const isUpToDate = (files, expected) => {
  if (!existsSync(stamp)) return false
  const builtMs = statSync(stamp).mtimeMs
  const newestMs = Math.max(
    ...files.map((file) => statSync(join(source, file)).mtimeMs),
    ...settings.map((file) => statSync(join(root, file)).mtimeMs),
  )
  const present = new Set(filesBelow(output))
  return (
    newestMs <= builtMs && present.size === expected.size && [...expected].every((file) => present.has(file))
  )
}

const compile = () => {
  if (!existsSync(compiler)) {
    console.error(
      'mcpd: dist/ is out of date and typescript is not installed; run `npm ci` with development dependencies.',
    )
    return 1
  }
  const { status, error } = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], {
    stdio: 'inherit',
    cwd: root,
  })
  if (error) throw error
  return status ?? 1
}

const files = filesBelow(source)
const expected = new Set([...files.flatMap(outputsOf), relative(output, stamp)])

if (!isUpToDate(files, expected)) {
  rmSync(stamp, { force: true })
  // A change made while the compiler runs must look newer than the stamp.
  const startedAt = new Date()
  const status = compile()
  if (status !== 0) process.exit(status)
  for (const file of files) if (!isCompiled(file)) cpSync(join(source, file), join(output, file))
  for (const file of filesBelow(output)) if (!expected.has(file)) rmSync(join(output, file))
  writeFileSync(stamp, `${startedAt.toISOString()}\n`)
  utimesSync(stamp, startedAt, startedAt)
}
