import type { RequestFrame } from '../../core/inference.ts'
import { editMembers } from '../../core/json-edit.ts'
import { wantsUsage } from './request.ts'

export interface ForwardOptions {
  /** The backend's own name of the model. */
  readonly model: string
  readonly stream: boolean
  /** Whether to ask a stream for its usage where the client did not. */
  readonly streamUsage: boolean
}

/**
 * The client's bytes for a backend of the same dialect: untouched but for the model's name, mcpd's own member,
 * and a wish for the usage of a stream. `usageInjected` says that the client did not have that wish, so that the
 * chunk which comes of it must not reach the client. Throws BAD_REQUEST when one of these members is there twice.
 */
export const forwardRequest = (
  { bytes, body }: RequestFrame,
  { model, stream, streamUsage }: ForwardOptions,
): { bytes: Buffer; usageInjected: boolean } => {
  const usageInjected = stream && streamUsage && !wantsUsage(body)
  const edited = editMembers(bytes, {
    model: body['model'] === model ? 'keep' : { set: model },
    mcpd: 'remove',
    // Kept as it is, but not if a second one could turn the backend's answer into what we do not expect.
    stream: (body['stream'] ?? false) === stream ? 'keep' : { set: stream },
    stream_options: usageInjected ? { members: { include_usage: { set: true } } } : 'keep',
  })
  return { bytes: edited, usageInjected }
}
