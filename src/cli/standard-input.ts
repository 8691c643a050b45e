import type { Readable } from 'node:stream'
import { McpdError } from '../core/errors.ts'

/** The daemon's own limit of a body by default; more could not be sent anyway. */
const inputMaxBytes = 32 * 2 ** 20

/**
 * All of standard input when it is a pipe or a file; undefined on a terminal, where reading would wait for a person.
 * Throws USAGE for input that is too large or not UTF-8.
 */
export const readStandardInput = async (
  input: Readable & { readonly isTTY?: boolean },
  signal: AbortSignal,
): Promise<string | undefined> => {
  if (input.isTTY) return undefined
  const stop = (): void => void input.destroy(signal.reason as Error)
  signal.addEventListener('abort', stop, { once: true })
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of input) {
      bytes += (chunk as Buffer).length
      if (bytes > inputMaxBytes)
        throw new McpdError('USAGE', `Standard input is over ${inputMaxBytes} bytes; send it in parts.`)
      chunks.push(chunk as Buffer)
    }
  } finally {
    signal.removeEventListener('abort', stop)
  }
  return decode(Buffer.concat(chunks))
}

const decode = (bytes: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new McpdError('USAGE', 'Standard input is not UTF-8 text.', {}, error)
  }
}
