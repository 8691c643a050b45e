import type { Adapter, ForwardRequest } from '../core/adapter.ts'
import { McpdError } from '../core/errors.ts'
import type { InferenceRequest } from '../core/inference.ts'

/** A request that is handed on as it is, for a route of the backend's API that mcpd does not know. */
export interface Forwarding extends Pick<InferenceRequest, 'signal' | 'trace' | 'principal' | 'priority'> {
  readonly input: { readonly operation: 'forward' }
  readonly stream: boolean
  readonly request: Omit<ForwardRequest, 'signal'>
}

/** The head first, then the body as it comes. */
export type ForwardEvent =
  | { readonly type: 'head'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly type: 'bytes'; readonly bytes: Buffer }

export type Forward = (forwarding: Forwarding) => AsyncIterable<ForwardEvent>

/** A server error counts against the backend as one of an inference would; its answer is handed on all the same. */
export const forwardTo = (adapter: Adapter, name: string): Forward =>
  async function* ({ request, signal, trace }) {
    trace.sentMs = performance.now()
    if (!adapter.forward)
      throw new McpdError('OPERATION_UNSUPPORTED', `The backend ${name} has no API to hand requests on to.`)
    const response = await adapter.forward({ ...request, signal })
    trace.firstContentMs = performance.now()
    if (response.status >= 500)
      throw new McpdError(
        'BACKEND_ERROR',
        `The backend ${name} answered ${response.status} to ${request.path}.`,
        {
          backend: name,
          status: response.status,
          frame: {
            dialect: 'openai',
            status: response.status,
            contentType: response.headers['content-type'] ?? 'application/octet-stream',
            body: await response.bytes(errorMaxBytes),
          },
        },
      )
    yield { type: 'head', status: response.status, headers: response.headers }
    for await (const bytes of response.body) yield { type: 'bytes', bytes }
  }

const errorMaxBytes = 1024 * 1024
