import { resolveConfig } from '../core/config.ts'
import { below } from '../core/config-file.ts'
import { type ConfigValues, isSecret, reference } from '../core/load-config.ts'
import { defaultStateDir } from '../core/state-dir.ts'
import { backendSchema, type DescribedAdapter, fileSchema, type JsonSchema } from './config-schema.ts'

/** What a start would work with, in the shape of the file, and where each value comes from. */
export interface EffectiveConfig {
  /** The file that was read, if any. */
  readonly path?: string
  /** Secrets, and whatever came out of a reference, are `***`. */
  readonly values: Readonly<Record<string, unknown>>
  /** By JSON pointer, for every value: `default`, `mcpd.yaml:3`, `mcpd.yaml:3 ${env:KEY}`, `MCPD_PORT`, `flag`. */
  readonly origins: Readonly<Record<string, string>>
}

const mask = '***'

/** Fills in every default: those of the schemas, of the adapters, and those that depend on other settings. */
export const effectiveConfig = (
  read: ConfigValues,
  adapters: readonly DescribedAdapter[],
  env: NodeJS.ProcessEnv,
): EffectiveConfig => {
  const origins: Record<string, string> = {}
  const resolved = resolveConfig(read.values, defaultStateDir(env))
  const computed: Readonly<Record<string, unknown>> = {
    '/stateDir': resolved.stateDir,
    '/log/file': resolved.log.file,
    '/specs/store': resolved.specs.store,
  }

  const fill = (schema: JsonSchema, value: unknown, pointer: string): unknown => {
    // A section that has to be written to be there is off without, and nothing is its default.
    if (value === undefined && schema.required?.length) return undefined
    if (schema.type === 'object' && schema.properties) return fillMembers(schema, value, pointer)
    if (Array.isArray(value) && value.length > 0)
      return value.map((item, index) =>
        fill(itemSchema(schema, item, pointer, adapters), item, below(pointer, index)),
      )
    if (isMapping(value)) return fillMembers(schema, value, pointer)
    if (value !== undefined) {
      const used = read.references.get(pointer)?.match(reference) ?? []
      origins[pointer] = [originOf(pointer, read), ...used].join(' ')
      return shown(value, pointer, read)
    }
    return fillDefault(schema, pointer)
  }

  const fillMembers = (schema: JsonSchema, value: unknown, pointer: string): unknown => {
    const given = isMapping(value) ? value : {}
    const names = new Set([...Object.keys(schema.properties ?? {}), ...Object.keys(given)])
    const members = [...names].flatMap((name) => {
      const member = fill(schema.properties?.[name] ?? {}, given[name], below(pointer, name))
      return member === undefined || isEmpty(member) ? [] : [[name, member] as const]
    })
    return Object.fromEntries(members)
  }

  const fillDefault = (schema: JsonSchema, pointer: string): unknown => {
    // What a backend does not say about its waits, the file says for all of them.
    const general = /^\/backends\/\d+(\/timeouts\/\w+)$/.exec(pointer)?.[1]
    const inherited = general === undefined ? undefined : at(read.values, general)
    const value = inherited ?? computed[pointer] ?? schema.default
    if (value === undefined) return undefined
    origins[pointer] = inherited === undefined || general === undefined ? 'default' : originOf(general, read)
    return value
  }

  const values = fill(fileSchema, read.values, '') as EffectiveConfig['values']
  return { ...(read.path !== undefined && { path: read.path }), values, origins }
}

const itemSchema = (
  { items }: JsonSchema,
  item: unknown,
  pointer: string,
  adapters: readonly DescribedAdapter[],
): JsonSchema => {
  if (pointer !== '/backends' || !isMapping(item)) return items ?? {}
  return backendSchema(adapters.find(({ type }) => type === item['adapter']))
}

/** Of the value itself, or of what it stands in: lists that a flag or variable replaced have one origin. */
const originOf = (pointer: string, { origins }: ConfigValues): string => {
  for (let parent = pointer; parent !== ''; parent = parent.slice(0, parent.lastIndexOf('/'))) {
    const origin = origins.get(parent)
    if (origin !== undefined) return origin
  }
  return 'default'
}

const shown = (value: unknown, pointer: string, { references }: ConfigValues): unknown => {
  if (isSecret(pointer)) return mask
  if (typeof value !== 'string') return value
  const text = references.get(pointer)?.replaceAll(reference, mask) ?? value
  return text.replace(/^(https?:\/\/)[^/@]*@/i, `$1${mask}@`)
}

const at = (value: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((inner, name) => (isMapping(inner) ? inner[name] : undefined), value)

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A section of which nothing is set and nothing has a default. */
const isEmpty = (value: unknown): boolean => isMapping(value) && Object.keys(value).length === 0
