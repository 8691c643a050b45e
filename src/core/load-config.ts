import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { Compile } from 'typebox/compile'
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml'
import { type Config, type ConfigFile, configFileSchema, resolveConfig } from './config.ts'
import { McpdError } from './errors.ts'

/** The one file of core that does I/O: finds, reads and layers the configuration. */

export interface ConfigSources {
  /** Values of command-line flags, in the shape of the file. */
  readonly flags?: ConfigFile
  /** `--config`. */
  readonly path?: string
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
}

export interface LoadedConfig {
  readonly config: Config
  /** The file that was read, if any. */
  readonly path?: string
  /** Where a value came from, by JSON pointer: `flag`, `MCPD_PORT`, `mcpd.yaml:3`; absent = default. */
  readonly origins: ReadonlyMap<string, string>
}

const fileSizeMax = 4 * 2 ** 20
const check = Compile(configFileSchema)

/** Flag > MCPD_* > --config, ./mcpd.yaml or $XDG_CONFIG_HOME/mcpd/mcpd.yaml (the first that exists) > defaults. */
export const loadConfig = (sources: ConfigSources): LoadedConfig => {
  const path = findFile(sources)
  const file = path === undefined ? undefined : readFile(path, sources.env)
  const origins = new Map(file?.lines)
  const merged = mergeLayers(
    [
      { origin: 'file', value: file?.value ?? {} },
      { origin: 'env', value: environmentLayer(sources.env) },
      { origin: 'flag', value: sources.flags ?? {} },
    ],
    origins,
  )
  requireValid(merged, origins)
  return {
    config: resolveConfig(merged, defaultStateDir(sources.env)),
    ...(path !== undefined && { path }),
    origins,
  }
}

export const defaultStateDir = (env: NodeJS.ProcessEnv): string =>
  join(env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'mcpd')

/** Throws CONFIG_INVALID that names the line of `pointer`, for checks made after loading. */
export const configError = (
  loaded: Pick<LoadedConfig, 'origins'>,
  pointer: string,
  message: string,
): McpdError => new McpdError('CONFIG_INVALID', `${originOf(loaded.origins, pointer)}${message}`)

const findFile = ({ path, env, cwd }: ConfigSources): string | undefined => {
  const named = path ?? env['MCPD_CONFIG']
  if (named !== undefined) {
    if (!existsSync(resolve(cwd, named)))
      throw new McpdError('CONFIG_INVALID', `The config file ${named} does not exist.`)
    return resolve(cwd, named)
  }
  const home = env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config')
  return [join(cwd, 'mcpd.yaml'), join(home, 'mcpd', 'mcpd.yaml')].find((candidate) => existsSync(candidate))
}

const readFile = (path: string, env: NodeJS.ProcessEnv) => {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new McpdError('CONFIG_INVALID', `The config file ${path} cannot be read.`, {}, error)
  }
  if (text.length > fileSizeMax)
    throw new McpdError('CONFIG_INVALID', `The config file ${path} is over ${fileSizeMax} bytes.`)
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true })
  const [problem] = document.errors
  if (problem)
    throw new McpdError('CONFIG_INVALID', `${path}:${problem.linePos?.[0].line ?? 1}: ${problem.message}`)
  const lines = new Map<string, string>()
  recordLines(document.contents, '', (pointer, offset) => {
    lines.set(pointer, `${path}:${counter.linePos(offset).line}`)
  })
  const value: unknown = toPlain(document, path) ?? {}
  if (typeof value !== 'object' || Array.isArray(value))
    throw new McpdError('CONFIG_INVALID', `${path}:1: a config file is a mapping of names to values.`)
  return { value: substitute(value, '', lines, env) as ConfigFile, lines }
}

const toPlain = (document: Document.Parsed, path: string): unknown => {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw new McpdError('CONFIG_INVALID', `${path}: ${(error as Error).message}`, {}, error)
  }
}

const recordLines = (
  node: unknown,
  pointer: string,
  record: (pointer: string, offset: number) => void,
): void => {
  if (isMap(node))
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : ''
      if (isScalar(key)) record(`${pointer}/${name}`, key.range?.[0] ?? 0)
      recordLines(value, `${pointer}/${name}`, record)
    }
  else if (isSeq(node))
    for (const [index, item] of node.items.entries()) {
      const range = (item as { range?: [number, number, number] | null }).range
      if (range) record(`${pointer}/${index}`, range[0])
      recordLines(item, `${pointer}/${index}`, record)
    }
}

const reference = /\$\{(env|file):([^}]+)\}/g
const isSecret = (pointer: string): boolean => /\/(apiKey|token|password)$/.test(pointer)

/** Replaces `${env:NAME}` and `${file:/path}` in strings; a secret written out in the file is refused. */
const substitute = (
  value: unknown,
  pointer: string,
  lines: ReadonlyMap<string, string>,
  env: NodeJS.ProcessEnv,
): unknown => {
  if (Array.isArray(value))
    return value.map((item, index) => substitute(item, `${pointer}/${index}`, lines, env))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [
        key,
        substitute(member, `${pointer}/${key}`, lines, env),
      ]),
    )
  if (typeof value !== 'string') return value
  const at = originOf(lines, pointer)
  if (isSecret(pointer) && value.replaceAll(reference, '').trim() !== '')
    throw new McpdError(
      'CONFIG_INVALID',
      `${at}${pointer} is a secret; write \${env:NAME} or \${file:/path}.`,
    )
  return value.replaceAll(reference, (_, kind: string, name: string) => {
    if (kind === 'env') {
      const found = env[name]
      if (found === undefined)
        throw new McpdError('CONFIG_INVALID', `${at}${pointer}: the environment has no ${name}.`)
      return found
    }
    try {
      return readFileSync(name, 'utf8').trimEnd()
    } catch (error) {
      throw new McpdError('CONFIG_INVALID', `${at}${pointer}: ${name} cannot be read.`, {}, error)
    }
  })
}

const environmentLayer = (env: NodeJS.ProcessEnv): ConfigFile => {
  const {
    MCPD_HOST: host,
    MCPD_PORT: port,
    MCPD_API_KEY: apiKey,
    MCPD_LOG_LEVEL: level,
    MCPD_STATE_DIR,
  } = env
  const listen = {
    ...(host && { host }),
    ...(port && { port: Number(port) }),
    ...(apiKey && { apiKey }),
  }
  return {
    ...(Object.keys(listen).length > 0 && { listen }),
    ...(level && { log: { level: level as NonNullable<ConfigFile['log']>['level'] & string } }),
    ...(MCPD_STATE_DIR && { stateDir: MCPD_STATE_DIR }),
  }
}

interface Layer {
  readonly origin: string
  readonly value: object
}

/** Later layers win, member by member; lists are replaced whole. */
const mergeLayers = (layers: readonly Layer[], origins: Map<string, string>): ConfigFile => {
  const merge = (below: unknown, above: unknown, pointer: string, origin: string): unknown => {
    if (above === undefined) return below
    if (typeof above === 'object' && above !== null && !Array.isArray(above)) {
      const base = typeof below === 'object' && below !== null && !Array.isArray(below) ? below : {}
      const result: Record<string, unknown> = { ...base }
      for (const [key, value] of Object.entries(above))
        result[key] = merge(result[key], value, `${pointer}/${key}`, origin)
      return result
    }
    if (origin !== 'file') origins.set(pointer, origin === 'env' ? 'environment' : origin)
    return above
  }
  return layers.reduce<unknown>(
    (below, { origin, value }) => merge(below, value, '', origin),
    {},
  ) as ConfigFile
}

const originOf = (origins: ReadonlyMap<string, string>, pointer: string): string => {
  // A missing or surplus member has no line of its own: its parent's line is the nearest.
  for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const origin = origins.get(at)
    if (origin !== undefined) return `${origin}: `
  }
  return ''
}

const requireValid = (value: unknown, origins: ReadonlyMap<string, string>): void => {
  if (check.Check(value)) return
  const [first] = check.Errors(value)
  if (!first) return
  const pointer = first.instancePath
  const what =
    first.keyword === 'boolean'
      ? 'is not a known setting'
      : first.keyword === 'enum'
        ? `must be one of ${first.params.allowedValues.join(', ')}`
        : first.message
  throw new McpdError('CONFIG_INVALID', `${originOf(origins, pointer)}${pointer || 'the config'} ${what}.`)
}
