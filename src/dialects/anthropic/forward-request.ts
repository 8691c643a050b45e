import type { RequestFrame } from '../../core/inference.ts'
import { editMembers } from '../../core/json-edit.ts'

export interface ForwardOptions {
  /** The backend's own name of the model. */
  readonly model: string
  readonly stream: boolean
}

/**
 * The client's bytes for a backend of the same dialect: untouched but for the model's name and mcpd's own member.
 * Throws BAD_REQUEST when one of these members is there twice.
 */
export const forwardRequest = ({ bytes, body }: RequestFrame, { model, stream }: ForwardOptions): Buffer =>
  editMembers(bytes, {
    model: body['model'] === model ? 'keep' : { set: model },
    mcpd: 'remove',
    // Kept as it is, but not if a second one could turn the backend's answer into what we do not expect.
    stream: (body['stream'] ?? false) === stream ? 'keep' : { set: stream },
  })
