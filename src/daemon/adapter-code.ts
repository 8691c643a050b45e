import { statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TSchema } from 'typebox'
import type { Adapter, AdapterHost, AdapterModule, HostKind } from '../core/adapter.ts'
import { type BackendConfig, type SidecarConfig, sidecarWord } from '../core/config.ts'
import { McpdError } from '../core/errors.ts'
import anthropic from './adapters/anthropic/index.ts'
import embedded from './adapters/embedded/index.ts'
import fastchat from './adapters/fastchat/index.ts'
import huggingface from './adapters/huggingface/index.ts'
import ollama from './adapters/ollama.ts'
import openai from './adapters/openai.ts'
import triton from './adapters/triton/index.ts'
import { fenced } from './hosts/fence.ts'
import grpc from './hosts/grpc.ts'
import type { ModuleHost } from './hosts/module.ts'
import { requireAdapter } from './hosts/module-check.ts'
import { hostInSidecar } from './hosts/sidecar.ts'

/** The adapters that mcpd brings, by type. */
export const adapterModules: readonly AdapterModule[] = [
  openai,
  ollama,
  anthropic,
  huggingface,
  triton,
  fastchat,
  grpc,
  embedded,
]

/** What the adapter of a backend is made of: one that mcpd brings, a module, or a program. */
export interface AdapterCode {
  /** What it is called in paths and metrics. */
  readonly type: string
  readonly description: string
  readonly host: HostKind
  /** The file or the command; absent for one that mcpd brings. */
  readonly source?: string
  /** Changes when the code does. */
  readonly revision: string
  /** How many versions of the module this process has loaded. */
  readonly loads?: number
  /** Of the options; absent where only the adapter itself can tell. */
  readonly options?: TSchema
  create(options: unknown, host: AdapterHost): Adapter
}

/** From this many loaded versions on, a restart now and then is worth a word. */
const loadsMax = 3

/** What to do about a module that was loaded again and again; undefined while it is no matter. */
export const loadAdvice = ({ loads = 0, source }: AdapterCode): string | undefined =>
  loads < loadsMax
    ? undefined
    : `${source} has been loaded ${loads} times, and Node never gives the memory back: let it run in a process of its own (sidecar: {}) or restart the daemon now and then.`

/** The code that a backend's config asks for. Throws CONFIG_INVALID. */
export const findCode = async (config: BackendConfig, modules: ModuleHost): Promise<AdapterCode> => {
  const { adapter, sidecar } = config
  if (sidecar?.command) return programCode(adapter, sidecar, sidecar.command)
  if (adapter.startsWith('file:')) return sidecar ? childCode(adapter, sidecar) : moduleCode(adapter, modules)
  const module = adapterModules.find(({ type }) => type === adapter)
  if (module) return ownCode(module, sidecar)
  const known = adapterModules.map(({ type }) => type).join(', ')
  throw new McpdError(
    'CONFIG_INVALID',
    adapter === sidecarWord
      ? `the backend ${config.name} has neither an adapter nor a sidecar with a command.`
      : `there is no adapter "${adapter}"; there are ${known}, and modules of your own such as ./my-adapter.ts.`,
  )
}

const ownCode = (module: AdapterModule, sidecar?: SidecarConfig): AdapterCode => {
  const { type, description, host, options } = module
  if (sidecar && host === 'module')
    throw new McpdError('CONFIG_INVALID', `the adapter ${type} runs in the daemon; it has no sidecar.`)
  return {
    type,
    description,
    host,
    options,
    revision: '',
    create:
      host === 'sidecar'
        ? (given, adapterHost) => hostInSidecar({ type }, given, adapterHost, memoryOf(sidecar))
        : (given, adapterHost) => module.create(given, adapterHost),
  }
}

const moduleCode = async (url: string, modules: ModuleHost): Promise<AdapterCode> => {
  const { module, revision, loads } = await modules.load(url)
  const { type, description, host, options } = module
  if (adapterModules.some((own) => own.type === type))
    throw new McpdError(
      'CONFIG_INVALID',
      `${fileURLToPath(url)} calls itself ${type}, as an adapter of mcpd does.`,
    )
  const code = { type, description, host, options, revision, loads, source: fileURLToPath(url) }
  return {
    ...code,
    create: (given, adapterHost) =>
      host === 'sidecar'
        ? hostInSidecar({ type }, given, adapterHost, { moduleUrl: url })
        : fenced(requireAdapter(module.create(given, adapterHost), code.source)),
  }
}

/** A module that is to run in a process of its own is never loaded into this one, so its file must name it. */
const childCode = (url: string, sidecar: SidecarConfig): AdapterCode => {
  const source = fileURLToPath(url)
  const type = basename(source).replace(/\.[^.]*$/, '')
  return {
    type,
    description: 'A module in a process of its own.',
    host: 'sidecar',
    source,
    revision: stampOf([source], ''),
    create: (given, adapterHost) =>
      hostInSidecar({ type }, given, adapterHost, { moduleUrl: url, ...processOf(sidecar) }),
  }
}

const programCode = (type: string, sidecar: SidecarConfig, command: readonly string[]): AdapterCode => {
  if (type.startsWith('file:') || adapterModules.some((own) => own.type === type))
    throw new McpdError(
      'CONFIG_INVALID',
      'a sidecar with a command is the adapter itself: leave adapter out.',
    )
  return {
    type,
    description: 'A program that speaks the sidecar protocol.',
    host: 'sidecar',
    source: command.join(' '),
    revision: stampOf(command, sidecar.cwd),
    create: (given, adapterHost) =>
      hostInSidecar({ type }, given, adapterHost, { command, ...processOf(sidecar) }),
  }
}

const processOf = ({ cwd, env, memoryMaxBytes }: SidecarConfig) => ({
  cwd,
  env,
  ...(memoryMaxBytes !== undefined && { memoryMaxBytes }),
})

const memoryOf = (sidecar: SidecarConfig | undefined) => (sidecar ? processOf(sidecar) : {})

/** Which of the words are files, and since when they are as they are. */
const stampOf = (words: readonly string[], folder: string): string =>
  words
    .map((word) => statSync(resolve(folder, word), { throwIfNoEntry: false }))
    .map((stat) => (stat?.isFile() ? `${stat.size}/${stat.mtimeMs}` : ''))
    .join(' ')
