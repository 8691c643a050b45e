import { McpdError } from '../core/errors.ts'
import { createNdjsonDecoder } from '../core/ndjson.ts'
import { ollamaError } from './problem.ts'
import type { PullStep } from './types.ts'

/**
 * The steps of a pull, one per line. Throws BACKEND_ERROR with what the backend says went wrong, and
 * BACKEND_INCOMPLETE when the lines stop before its `success`.
 */
export async function* readPull(chunks: AsyncIterable<Buffer>): AsyncGenerator<PullStep> {
  const decoder = createNdjsonDecoder()
  let last = ''
  for await (const chunk of chunks)
    for (const { text } of decoder.push(chunk)) {
      const step = readStep(text)
      if (step === undefined) continue
      last = step.status
      yield step
    }
  const rest = readStep(decoder.end()?.text ?? '')
  if (rest) yield rest
  if ((rest?.status ?? last) !== 'success')
    throw new McpdError('BACKEND_INCOMPLETE', 'The pull broke off before it was complete.', {
      suggestions: ['Run it again: a backend goes on where it stopped.'],
    })
}

const readStep = (line: string): PullStep | undefined => {
  if (line.trim() === '') return undefined
  const failure = ollamaError(line)
  if (failure !== undefined) throw new McpdError('BACKEND_ERROR', failure)
  try {
    return JSON.parse(line) as PullStep
  } catch (error) {
    throw new McpdError('BACKEND_ERROR', 'The backend sent a line that is not JSON.', {}, error)
  }
}
