import type { FinishReason } from '../../core/inference.ts'
import { textOf } from '../wire.ts'

/** Words of the KServe v2 protocol that several codecs share. */

/** The dialects of frames: what passes from a client to a server of the same route untouched. */
export const dialects = { infer: 'kserve-infer', generate: 'kserve-generate' } as const
export const errorDialect = 'kserve'

/** How many bytes of a body are JSON, where raw tensors follow. */
export const jsonLengthHeader = 'inference-header-content-length'

/** A model and one of its versions, as mcpd writes them in one word: `name`, or `name:2`. */
export const splitVersion = (model: string): { readonly name: string; readonly version?: string } => {
  const [, name, version] = /^(.+):(\d+)$/.exec(model) ?? []
  return name !== undefined && version !== undefined ? { name, version } : { name: model }
}

/** undefined while the answer goes on. */
export const decodeFinishReason = (value: unknown): FinishReason | undefined => {
  const said = textOf(value)
  switch (said) {
    case undefined:
    case 'None':
    case 'null':
      return undefined
    case 'stop':
    case 'eos':
    case 'eos_token':
    case 'stop_sequence':
      return 'stop'
    case 'length':
    case 'max_tokens':
      return 'length'
    case 'content_filter':
      return 'content-filter'
    default:
      return 'other'
  }
}

/** In the words of KServe's draft for texts. */
export const encodeFinishReason = (reason: FinishReason): string =>
  reason === 'length' ? 'length' : 'eos_token'
