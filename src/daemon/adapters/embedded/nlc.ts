import { McpdError } from '../../../core/errors.ts'

/** node-llama-cpp: llama.cpp for Node. Never imported but here, since most installations do not have it. */
export type Nlc = typeof import('node-llama-cpp')

/** Throws RUNTIME_MISSING when the package is not installed. */
export const loadNlc = async (): Promise<Nlc> => {
  try {
    return await import('node-llama-cpp')
  } catch (error) {
    throw runtimeMissing('node-llama-cpp, which runs models inside mcpd, is not installed.', error)
  }
}

export const runtimeMissing = (message: string, cause: unknown): McpdError =>
  new McpdError(
    'RUNTIME_MISSING',
    message,
    { suggestions: ['Install it with `mcpd adapter install embedded`, or configure another backend.'] },
    cause,
  )
