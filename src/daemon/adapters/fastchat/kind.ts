import type { Adapter, Description, Health, Model } from '../../../core/adapter.ts'
import { McpdError, toMcpdError } from '../../../core/errors.ts'
import type { InferenceEvent, InferenceRequest } from '../../../core/inference.ts'
import { parseSize } from '../../../core/quantity.ts'
import type { AdapterHost } from '../../../core/adapter.ts'
import { decodeError } from '../../../dialects/fastchat/errors.ts'
import { type AdapterServer, connectAdapterServer } from '../../adapter-server.ts'
import { type FastChatOptions, fastchatOperations } from './options.ts'

/** One kind of server at an address. */
export interface Kind {
  infer(request: InferenceRequest): AsyncIterable<InferenceEvent>
  models(signal: AbortSignal): Promise<readonly Model[]>
  health(signal: AbortSignal): Promise<Health>
  metrics?(signal: AbortSignal): ReturnType<NonNullable<Adapter['metrics']>>
  describe?(model: string, signal: AbortSignal): Promise<Description>
  /** Of what it opened beside its place. */
  close?(): Promise<void>
}

/** What is at the address of a backend, whichever kind it is. */
export interface Place {
  /** Paths are below the root, not below /v1. */
  readonly server: AdapterServer
  readonly host: AdapterHost
  readonly options: FastChatOptions
  readonly answerMaxBytes: number
}

export const connectPlace = (options: FastChatOptions, host: AdapterHost): Place => ({
  server: connectAdapterServer(
    {
      url: options.url.replace(/(\/v1)?\/?$/, ''),
      headers: {
        ...(options.apiKey !== undefined && { authorization: `Bearer ${options.apiKey}` }),
        ...options.headers,
      },
      decodeError,
    },
    host,
  ),
  host,
  options,
  answerMaxBytes: parseSize(options.answerMax ?? '64MB'),
})

/** The models by these names, with what the config says of them. */
export const modelsOf = (
  { options }: Place,
  names: unknown,
  told: Pick<Model, 'contextLength'> = {},
): Model[] =>
  [...new Set(Array.isArray(names) ? (names as unknown[]) : [])].flatMap((name): Model[] => {
    if (typeof name !== 'string' || name === '') return []
    const { operations = fastchatOperations, contextLength = told.contextLength } =
      options.models?.[name] ?? {}
    return [{ name, operations, ownedBy: 'fastchat', ...(contextLength !== undefined && { contextLength }) }]
  })

export const noSuchModel = (model: string, names: readonly string[]): McpdError =>
  new McpdError(
    'MODEL_NOT_FOUND',
    names.length === 0
      ? `No worker of FastChat serves "${model}".`
      : `FastChat serves ${names.slice(0, 20).join(', ')}, not "${model}".`,
    { param: 'model' },
  )

/** Ok when the question is answered. */
export const healthBy = async (ask: () => Promise<Health>, signal: AbortSignal): Promise<Health> => {
  try {
    return await ask()
  } catch (error) {
    signal.throwIfAborted()
    return { ok: false, detail: toMcpdError(error).message }
  }
}
