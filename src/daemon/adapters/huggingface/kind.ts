import type { Health, Model } from '../../../core/adapter.ts'
import { McpdError, toMcpdError } from '../../../core/errors.ts'
import type { InferenceEvent, InferenceRequest, Operation } from '../../../core/inference.ts'
import type { Place } from './place.ts'

/** One kind of server behind an address. */
export interface Kind {
  readonly operations: readonly Operation[]
  infer(request: InferenceRequest): AsyncIterable<InferenceEvent>
  models(signal: AbortSignal): Promise<readonly Model[]>
  health(signal: AbortSignal): Promise<Health>
  /** The listed model that a name is a variant of. */
  variantOf?(name: string): string | undefined
  /** The page for Prometheus, with the names of the gauges on it. */
  readonly gauges?: Readonly<Record<string, string>>
}

export const unsupported = ({ backend }: Place, operation: string): McpdError =>
  new McpdError('OPERATION_UNSUPPORTED', `The backend ${backend} does not offer ${operation}.`)

/**
 * Throws MODEL_NOT_FOUND for a name that is not the one model of this server: it would answer all the same. Names of
 * the config count, for an endpoint may call its model by a path.
 */
export const requireModel = ({ backend, options }: Place, wanted: string, own: string): void => {
  const names = options.models?.map((model) => (typeof model === 'string' ? model : model.name)) ?? [own]
  if (!names.includes(wanted))
    throw new McpdError(
      'MODEL_NOT_FOUND',
      `The backend ${backend} serves ${names.join(', ')}, not "${wanted}".`,
      {
        param: 'model',
      },
    )
}

/** Ok when the question is answered. */
export const healthBy = async (ask: () => Promise<unknown>, signal: AbortSignal): Promise<Health> => {
  try {
    await ask()
    return { ok: true }
  } catch (error) {
    signal.throwIfAborted()
    return { ok: false, detail: toMcpdError(error).message }
  }
}
