import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { errorTable } from '../../src/core/errors.ts'
import {
  files,
  findCycles,
  imports,
  isBarrel,
  isCode,
  isTypesOnly,
  layerOf,
  read,
  root,
  sources,
  staticImports,
} from './source-tree.ts'

/** What commands and their machinery may use: everything but the daemon. */
const engines = [
  'core',
  'openapi',
  'dialects',
  'discovery',
  'client',
  'crawler',
  'mcp',
  'fuzz',
  'bench',
  'conformance',
]

/** Layers of src/ and the layers each may import besides its own. A new folder wants a row here. */
const layers: Readonly<Record<string, readonly string[]>> = {
  core: [],
  openapi: ['core'],
  dialects: ['core'],
  discovery: ['core'],
  conformance: ['core'],
  web: ['core', 'openapi'],
  client: ['core', 'openapi', 'dialects'],
  crawler: ['core', 'openapi', 'dialects', 'client'],
  mcp: ['core', 'openapi', 'dialects', 'client'],
  fuzz: ['core', 'openapi', 'dialects', 'client'],
  bench: ['core', 'openapi', 'dialects', 'client'],
  daemon: ['core', 'openapi', 'dialects', 'discovery', 'conformance', 'crawler', 'mcp', 'web'],
  cli: engines,
  views: ['core', 'client', 'bench', 'fuzz', 'cli'],
  commands: [...engines, 'cli', 'views'],
}

/** Files past 300 lines, and why they are still one noun. None may pass 400. */
const longFiles: Readonly<Record<string, string>> = {
  'src/core/inference.ts': 'every type of a request and its events, read together',
}

/** Files of core and the dialects without a test of their own, nor part of one that has. */
const testedElsewhere: Readonly<Record<string, string>> = {
  'src/core/archive-config.ts': 'read through test/unit/core/load-config.test.ts',
  'src/core/config-schema.ts': 'read through test/unit/core/load-config.test.ts',
  'src/core/config.ts': 'read through test/unit/core/load-config.test.ts',
  'src/core/encryption-config.ts': 'read through test/unit/core/load-config.test.ts',
  'src/core/principal.ts': 'one constant',
  'src/core/trace.ts': 'a record that starts with zeros',
  'src/dialects/nullable.ts': 'part of test/unit/dialects/wire.test.ts',
}

const io =
  /^(node:(fs|net|http|https|http2|tls|dgram|dns|child_process|worker_threads|cluster|readline|repl)\b|undici|fastify)/

const codeFiles = files.filter(isCode)

describe('imports', () => {
  it('go down the layers only', () => {
    const upward = sources.flatMap((file) =>
      imports(file).flatMap(({ file: imported }) => {
        if (!imported?.startsWith('src/') || layerOf(imported) === layerOf(file)) return []
        return layers[layerOf(file)]?.includes(layerOf(imported)) ? [] : [`${file} imports ${imported}`]
      }),
    )
    expect(upward).toEqual([])
  })

  it('know every folder of src/', () => {
    const folders = sources.map(layerOf).filter((layer) => !layer.endsWith('.ts'))
    expect([...new Set(folders)].filter((layer) => !(layer in layers))).toEqual([])
  })

  it('never lead from one adapter to another, to a guard or to a surface', () => {
    const adapterOf = (file: string) => /^src\/daemon\/adapters\/([^/.]+)/.exec(file)?.[1]
    const wrong = sources.flatMap((file) => {
      const own = adapterOf(file)
      if (own === undefined) return []
      return imports(file).flatMap(({ file: imported = '' }) => {
        const other = adapterOf(imported)
        const isWrong =
          (other !== undefined && other !== own) || /^src\/daemon\/(guards|http)\//.test(imported)
        return isWrong ? [`${file} imports ${imported}`] : []
      })
    })
    expect(wrong).toEqual([])
  })

  it('of guards do not reach adapters or surfaces', () => {
    const wrong = sources
      .filter((file) => file.startsWith('src/daemon/guards/'))
      .flatMap((file) => imports(file).map(({ file: imported = '' }) => `${file} imports ${imported}`))
      .filter((line) => /imports src\/daemon\/(adapters|http)\//.test(line))
    expect(wrong).toEqual([])
  })

  it('bring no I/O into core but through load-config', () => {
    const wrong = sources
      .filter((file) => layerOf(file) === 'core' && file !== 'src/core/load-config.ts')
      .flatMap((file) =>
        imports(file)
          .filter(({ specifier }) => io.test(specifier))
          .map(({ specifier }) => `${file} imports ${specifier}`),
      )
    expect(wrong).toEqual([])
  })

  it('take only types from TypeBox, whose code costs a start more than all of ours', () => {
    const wrong = sources
      .filter((file) => {
        // What only commands use may be compiled as it is loaded.
        const names = /^src\/(bench|cli|fuzz)\//.test(file) ? 'typebox' : 'typebox(/compile)?'
        return new RegExp(`^import (?!type )[^']* from '${names}'`, 'm').test(read(file))
      })
      .map((file) => `${file}: Type is in src/core/schema.ts, checkLater in src/core/schema-check.ts`)
    expect(wrong).toEqual([])
  })

  it('do not go round in circles', () => {
    expect(findCycles()).toEqual([])
  })

  it('find no file that only hands on what others export, but the client', () => {
    expect(sources.filter(isBarrel).filter((file) => file !== 'src/client/index.ts')).toEqual([])
  })

  it('name files that exist', () => {
    const known = new Set(files)
    const missing = codeFiles.flatMap((file) =>
      imports(file)
        .filter(({ file: imported }) => imported !== undefined && /\.(ts|js|mjs)$/.test(imported))
        .filter(({ file: imported = '' }) => !known.has(imported) && !imported.startsWith('dist/'))
        .map(({ specifier }) => `${file} imports ${specifier}`),
    )
    expect(missing).toEqual([])
  })
})

describe('files', () => {
  const shipped = codeFiles.filter((file) => /^(src|bin|tools|fixtures)\//.test(file))
  const lineCount = (file: string) => read(file).trimEnd().split('\n').length

  it('of more than 300 lines have a reason, and none has more than 400', () => {
    const long = shipped.filter((file) => lineCount(file) > 300)
    expect(long.filter((file) => !(file in longFiles))).toEqual([])
    expect(long.filter((file) => lineCount(file) > 400)).toEqual([])
    expect(Object.keys(longFiles).filter((file) => !long.includes(file))).toEqual([])
  })

  it('and folders have names that say what is in them', () => {
    expect(files.filter((file) => /(^|\/)(utils?|helpers?|misc|common)([./]|$)/i.test(file))).toEqual([])
  })

  it('are named in kebab-case', () => {
    const odd = codeFiles.filter((file) => !/^[a-z0-9.\-/]+$/.test(file))
    expect(odd).toEqual([])
  })

  it('of core and the dialects have a test of their own, are part of one that has, or have a reason', () => {
    const known = new Set(files)
    const hasTwin = (file: string) =>
      known.has(file.replace(/^src\//, 'test/unit/').replace(/\.ts$/, '.test.ts'))
    /** What a dialect's file imports from its own folder is tested with it. */
    const withParts = (file: string): readonly string[] => [
      file,
      ...staticImports(file)
        .map(({ file: imported = '' }) => imported)
        .filter(
          (imported) =>
            known.has(imported) && layerOf(file) === 'dialects' && dirname(imported) === dirname(file),
        )
        .flatMap(withParts),
    ]
    const tested = new Set(sources.filter(hasTwin).flatMap(withParts))
    const untested = sources.filter((file) => !isTypesOnly(file) && !tested.has(file))
    const isStrict = (file: string) => ['core', 'dialects'].includes(layerOf(file))
    const imported = new Set(
      codeFiles
        .filter((file) => file.startsWith('test/'))
        .flatMap((file) => imports(file).map((each) => each.file)),
    )
    const others = untested.filter((file) => !isStrict(file) && !imported.has(file))
    if (others.length > 0) console.info(`Imported by no test:\n  ${others.join('\n  ')}`)
    expect(untested.filter(isStrict)).toEqual(Object.keys(testedElsewhere).toSorted())
  })
})

describe('text', () => {
  // Put together here, so that this file does not find itself.
  const word = (...parts: string[]) => parts.join('')
  const leftUndone = new RegExp(`\\b(${[word('TO', 'DO'), word('FIX', 'ME'), word('X', 'XX')].join('|')})\\b`)
  const switchedOff = new RegExp(`\\b(it|test|describe|suite)\\.(${['only', 'skip', 'todo'].join('|')})\\b`)
  const machine = new RegExp(
    [
      word('/wo', 'rk/'),
      word('/ro', 'ot/'),
      word('registry', '\\.npmjs'),
      word('pypi', '\\.org'),
      word('proxy', '\\.golang'),
    ].join('|'),
  )
  const matching = (pattern: RegExp, among: readonly string[]) =>
    among.flatMap((file) =>
      read(file)
        .split('\n')
        .flatMap((line, index) =>
          pattern.test(line) ? [`${file}:${index + 1}: ${line.trim().slice(0, 120)}`] : [],
        ),
    )
  const texts = files.filter((file) => !/\.(gguf|png|ico|woff2?)$/.test(file))

  it('leaves nothing undone', () => {
    expect(
      matching(
        leftUndone,
        texts.filter((file) => file !== 'package-lock.json'),
      ),
    ).toEqual([])
  })

  it('switches no test off and focuses none', () => {
    expect(
      matching(
        switchedOff,
        files.filter((file) => file.startsWith('test/')),
      ),
    ).toEqual([])
  })

  it('names no path of a machine and no registry', () => {
    expect(matching(machine, texts)).toEqual([])
  })

  it('of the lock file names no address', () => {
    expect(matching(/"resolved": "[a-z+]+:/, ['package-lock.json'])).toEqual([])
  })
})

describe('the lock file', () => {
  it('has every optional package of another platform, without which npm ci fails', () => {
    const lock = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>
    }
    const locked = new Set(Object.keys(lock.packages).map((path) => path.split('node_modules/').at(-1)))
    const missing = Object.values(lock.packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies).filter((name) => !locked.has(name)),
    )
    expect(missing).toEqual([])
  })
})

describe('docs', () => {
  /** Rows of the tables whose first cell is `code`. */
  const rowsOf = (file: string): readonly (readonly string[])[] =>
    [...read(file).matchAll(/^\|\s*`([^`]+)`\s*\|(.*)\|$/gm)].map(([, name = '', rest = '']) => [
      name,
      ...rest.split('|').map((cell) => cell.trim()),
    ])

  const sorted = (rows: readonly (readonly (string | undefined)[])[]) =>
    rows.toSorted(([left = ''], [right = '']) => left.localeCompare(right))

  it('errors.md has the rows of the error table', () => {
    const written = rowsOf('docs/errors.md').map(([code, status, exit, retry]) => [code, status, exit, retry])
    const table = Object.entries(errorTable).map(([code, { status, exit, retryable }]) => [
      code,
      String(status),
      String(exit),
      retryable ? 'yes' : 'no',
    ])
    expect(sorted(written)).toEqual(sorted(table))
  })

  it('errors.md says what each means and what to do', () => {
    const empty = rowsOf('docs/errors.md').filter(([, , , , meaning, remedy]) => !meaning || !remedy)
    expect(empty).toEqual([])
  })

  it('dependencies.md has a row for every dependency and no other', () => {
    const {
      dependencies = {},
      devDependencies = {},
      peerDependencies = {},
    } = JSON.parse(read('package.json')) as Record<
      'dependencies' | 'devDependencies' | 'peerDependencies',
      Record<string, string> | undefined
    >
    const installed = new Set(Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies }))
    const written = rowsOf('docs/dependencies.md').map(([name]) => [name])
    expect(sorted(written)).toEqual(sorted([...installed].map((name) => [name])))
  })

  it('link to files that exist', () => {
    const known = new Set(files)
    const broken = files
      .filter((file) => /^(docs\/[^/]+|[^/]+)\.md$/.test(file))
      .flatMap((file) =>
        [...read(file).matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)]
          .map(([, target = '']) => new URL(target, `file:///${dirname(file)}/`).pathname.slice(1))
          .filter(
            (target) =>
              !known.has(target) && !files.some((each) => each.startsWith(`${target.replace(/\/$/, '')}/`)),
          )
          .map((target) => `${file} links to ${target}`),
      )
    expect(broken).toEqual([])
  })
})

describe('commands', () => {
  const commands = sources.filter((file) => layerOf(file) === 'commands')

  it.each(commands)('%s says what it does, with examples', async (file) => {
    const { default: command } = (await import(pathToFileURL(join(root, file)).href)) as {
      default: { summary?: string; description?: string; examples?: readonly unknown[] }
    }
    expect(command.description ?? command.summary).toMatch(/\w/)
    expect(command.examples?.length ?? 0).toBeGreaterThan(0)
  })
})
