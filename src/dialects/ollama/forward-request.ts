import { McpdError } from '../../core/errors.ts'
import type { RequestFrame } from '../../core/inference.ts'
import { editMembers, type MemberEdits } from '../../core/json-edit.ts'
import { wantsStream } from './request.ts'

export interface ForwardOptions {
  /** The backend's own name of the model. */
  readonly model: string
  /** Undefined on routes that have no streams. */
  readonly stream?: boolean
  /** The context that every request to the model names, so that none makes Ollama load it anew. */
  readonly numCtx?: number
  /** For a request that does not say how long the model is to stay. */
  readonly keepAlive?: string | number
}

/**
 * The client's bytes for an Ollama: untouched but for the model's name, mcpd's own member, and what the config pins.
 * Throws BAD_REQUEST when one of these members is there twice, for Ollama would read the other one. It reads names
 * in any case, so a name that differs in case alone is such a twin too.
 */
export const forwardRequest = (
  { bytes, body }: RequestFrame,
  { model, stream, numCtx, keepAlive }: ForwardOptions,
): Buffer => {
  const edits: MemberEdits = {
    // An Ollama answers under the name it was asked by, so a name that it takes as well stays.
    model: body['model'] === model || `${String(body['model'])}:latest` === model ? 'keep' : { set: model },
    mcpd: 'remove',
    options: numCtx === undefined ? 'keep' : { members: { num_ctx: { set: numCtx } } },
    keep_alive: keepAlive === undefined || body['keep_alive'] != null ? 'keep' : { set: keepAlive },
    ...(stream !== undefined && { stream: wantsStream(body) === stream ? 'keep' : { set: stream } }),
  }
  for (const name of Object.keys(body)) {
    // Upper case first: it turns the long s into S and leaves the Kelvin sign, which lower case turns into k.
    const folded = name.toUpperCase().toLowerCase()
    if (folded !== name && Object.hasOwn(edits, folded))
      throw new McpdError('BAD_REQUEST', `Write "${folded}" in lower case.`, { param: name })
  }
  return editMembers(bytes, edits)
}
