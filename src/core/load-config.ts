import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { below, parseConfigFile } from './config-file.ts'
import { backendProblem, type Config, resolveConfig } from './config.ts'
import { type ConfigFile, configFileSchema } from './config-schema.ts'
import { McpdError } from './errors.ts'
import { durationPattern, sizePattern } from './quantity.ts'
import { checkLater } from './schema-check.ts'
import { specProblem } from './spec-config.ts'
import { defaultStateDir } from './state-dir.ts'

/** The one file of core that does I/O: finds, reads and layers the configuration. */

export interface ConfigSources {
  /** Values of command-line flags, in the shape of the file. */
  readonly flags?: ConfigFile
  /** `--config`. */
  readonly path?: string
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
}

interface Origins {
  /** The file that was read, if any. */
  readonly path?: string
  /** Where a value came from, by JSON pointer: `flag`, `MCPD_PORT`, `mcpd.yaml:3`; absent = default. */
  readonly origins: ReadonlyMap<string, string>
}

export interface LoadedConfig extends Origins {
  readonly config: Config
}

/** What flags, environment and file say, in the shape of the file: no default is filled in, no unit resolved. */
export interface ConfigValues extends Origins {
  readonly values: ConfigFile
  /** Texts of the file with `${env:…}` or `${file:…}` in them, as they are written there, by JSON pointer. */
  readonly references: ReadonlyMap<string, string>
}

const fileSizeMax = 4 * 2 ** 20
const check = checkLater(configFileSchema)

/** Flag > MCPD_* > --config, ./mcpd.yaml or $XDG_CONFIG_HOME/mcpd/mcpd.yaml (the first that exists) > defaults. */
export const loadConfig = (sources: ConfigSources): LoadedConfig => {
  const { values, references: _, ...rest } = readConfig(sources)
  // Commands in another folder must find the same directory.
  const stateDir = resolve(sources.cwd, values.stateDir ?? defaultStateDir(sources.env))
  const folder = rest.path === undefined ? sources.cwd : dirname(rest.path)
  return { config: resolveConfig({ ...values, stateDir }, stateDir, folder), ...rest }
}

/** The same layers, merged and checked but not resolved: for showing where each value comes from. */
export const readConfig = (sources: ConfigSources): ConfigValues => {
  const path = findFile(sources)
  const file = path === undefined ? undefined : readFile(path, sources.env)
  const origins = new Map(file?.lines)
  const references = new Map(file?.references)
  const values = mergeLayers(
    [
      { value: file?.value ?? {} },
      ...environmentLayers(sources.env),
      { origin: 'flag', value: sources.flags ?? {} },
    ],
    origins,
    references,
  )
  requireValid(values, origins)
  const wrong = backendProblem(values.backends) ?? specProblem(values.specs)
  if (wrong) throw configError({ origins }, wrong.pointer, wrong.message)
  return { values, ...(path !== undefined && { path }), origins, references }
}

/** Throws CONFIG_INVALID that names the line of `pointer`, for checks made after loading. */
export const configError = (
  loaded: Pick<LoadedConfig, 'origins'>,
  pointer: string,
  message: string,
): McpdError => new McpdError('CONFIG_INVALID', `${originOf(loaded.origins, pointer)}${message}`)

const findFile = ({ path, env, cwd }: ConfigSources): string | undefined => {
  const named = path ?? (env['MCPD_CONFIG'] || undefined)
  if (named !== undefined) {
    if (!existsSync(resolve(cwd, named)))
      throw new McpdError('CONFIG_INVALID', `The config file ${named} does not exist.`)
    return resolve(cwd, named)
  }
  const home = env['XDG_CONFIG_HOME'] || join(homedir(), '.config')
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
  const { value, lines } = parseConfigFile(text, path)
  const references = new Map<string, string>()
  const place = { lines, references, env, folder: dirname(path) }
  return { value: substitute(value, '', place) as ConfigFile, lines, references }
}

/** `${env:NAME}` or `${file:/path}` in a text of the file. */
export const reference = /\$\{(env|file):([^}]+)\}/g
/** Whether the setting at a JSON pointer may only be a reference. */
export const isSecret = (pointer: string): boolean =>
  /\/(apiKey|token|password|encryption\/keys\/\d+\/key|headers\/(authorization|proxy-authorization|cookie|[^/]*(key|token|secret)))$/i.test(
    pointer,
  )

/** A password in the URL of a store, or in one of several, once references are taken out. */
const passwordInUrl =
  /(^|,)\s*(postgres(ql)?|rediss?(\+cluster)?):\/\/([^/@]*:[^/@]+@|.*[?&](ssl)?password=[^&])/i

/** What may stand before the reference in an authorization header. */
const scheme = /^(bearer|basic) /i

interface Place {
  readonly lines: ReadonlyMap<string, string>
  /** Notes the texts that hold references. */
  readonly references: Map<string, string>
  readonly env: NodeJS.ProcessEnv
  /** Of the config file: where a relative `${file:…}` starts. */
  readonly folder: string
}

/** Replaces `${env:NAME}` and `${file:/path}` in strings; a secret written out in the file is refused. */
const substitute = (value: unknown, pointer: string, place: Place): unknown => {
  if (Array.isArray(value)) return value.map((item, index) => substitute(item, below(pointer, index), place))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, substitute(member, below(pointer, key), place)]),
    )
  if (typeof value !== 'string') return value
  const at = `${originOf(place.lines, pointer)}${pointer}`
  if (isSecret(pointer) && value.replaceAll(reference, '').replace(scheme, '').trim() !== '')
    throw new McpdError('CONFIG_INVALID', `${at} is a secret; write \${env:NAME} or \${file:/path}.`)
  if (passwordInUrl.test(value.replaceAll(reference, '')))
    throw new McpdError(
      'CONFIG_INVALID',
      `${at} has a password in it; write \${env:NAME} or \${file:/path} for it, or for the whole URL.`,
    )
  return value.replaceAll(reference, (_, kind: string, name: string) => {
    place.references.set(pointer, value)
    return kind === 'env' ? readVariable(name, at, place) : readSecretFile(name, at, place)
  })
}

const readVariable = (name: string, at: string, { env }: Place): string => {
  const found = Object.hasOwn(env, name) ? env[name] : undefined
  if (found === undefined) throw new McpdError('CONFIG_INVALID', `${at}: the environment has no ${name}.`)
  return found
}

const readSecretFile = (name: string, at: string, { folder }: Place): string => {
  try {
    return readFileSync(resolve(folder, name), 'utf8').trimEnd()
  } catch (error) {
    throw new McpdError('CONFIG_INVALID', `${at}: ${name} cannot be read.`, {}, error)
  }
}

interface Layer {
  /** What `origins` says of its values; absent for the file, whose lines are known already. */
  readonly origin?: string
  readonly value: unknown
}

/** Where each variable's value stands in the file's shape. */
const variables: Readonly<Record<string, (text: string) => ConfigFile>> = {
  MCPD_HOST: (host) => ({ listen: { host } }),
  MCPD_PORT: (port) => ({ listen: { port: Number(port) } }),
  MCPD_API_KEY: (apiKey) => ({ listen: { apiKey } }),
  // Whether it is a level is for the schema to say.
  MCPD_LOG_LEVEL: (level) => ({ log: { level: level as LogLevel } }),
  MCPD_STATE_DIR: (stateDir) => ({ stateDir }),
}
type LogLevel = NonNullable<NonNullable<ConfigFile['log']>['level']>

/** An empty variable counts as unset. */
const environmentLayers = (env: NodeJS.ProcessEnv): readonly Layer[] =>
  Object.entries(variables).flatMap(([name, toValue]) => {
    const text = env[name]
    return text ? [{ origin: name, value: toValue(text) }] : []
  })

/** Later layers win, member by member; lists are replaced whole. Notes in `origins` who won. */
const mergeLayers = (
  layers: readonly Layer[],
  origins: Map<string, string>,
  references: Map<string, string>,
): ConfigFile =>
  layers.reduce<unknown>(
    (lower, { origin, value }) =>
      merge(lower, value, '', (pointer) => {
        if (origin === undefined) return
        for (const known of [origins, references])
          for (const at of known.keys()) if (at === pointer || at.startsWith(`${pointer}/`)) known.delete(at)
        origins.set(pointer, origin)
      }),
    {},
  ) as ConfigFile

const merge = (lower: unknown, upper: unknown, pointer: string, won: (pointer: string) => void): unknown => {
  if (upper === undefined) return lower
  if (!isMapping(upper)) {
    won(pointer)
    return upper
  }
  const members = new Map(Object.entries(isMapping(lower) ? lower : {}))
  for (const [key, value] of Object.entries(upper))
    members.set(key, merge(members.get(key), value, below(pointer, key), won))
  return Object.fromEntries(members)
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const originOf = (origins: ReadonlyMap<string, string>, pointer: string): string => {
  // A missing or surplus member has no line of its own: its parent's line is the nearest.
  for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const origin = origins.get(at)
    if (origin !== undefined) return `${origin}: `
  }
  return ''
}

const patterns: Readonly<Record<string, string>> = {
  [durationPattern]: 'must be a duration such as 500ms, 30s, 5m or 1h',
  [sizePattern]: 'must be a size such as 64KB, 32MB or 1GB',
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
        : first.keyword === 'pattern'
          ? (patterns[String(first.params.pattern)] ?? first.message)
          : first.message
  throw new McpdError('CONFIG_INVALID', `${originOf(origins, pointer)}${pointer || 'the config'} ${what}.`)
}
