import { createInterface } from 'node:readline/promises'
import { McpdError } from '../core/errors.ts'
import { printable } from './printable.ts'

interface ConfirmOptions {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
  /** False where a question would spoil the output. */
  readonly asks: boolean
  readonly signal: AbortSignal
}

/** Whether a person says yes. Throws USAGE where there is nobody to ask, or the signal's reason. */
export const confirm = async (question: string, options: ConfirmOptions): Promise<boolean> => {
  const { input, output, asks, signal } = options
  if (!asks || !input.isTTY || !output.isTTY)
    throw new McpdError('USAGE', 'There is nobody to ask whether this is meant.', {
      suggestions: ['If it is: --yes'],
    })
  const lines = createInterface({ input, output })
  // While it reads a line the terminal hands Ctrl-C on as a character; it is to stop the command as it always does.
  lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  const closed = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)))
  try {
    const answer = await Promise.race([lines.question(`${printable(question)} [y/N] `, { signal }), closed])
    if (answer === undefined) output.write('\n')
    return /^y(es)?$/i.test(answer?.trim() ?? '')
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    lines.close()
  }
}
