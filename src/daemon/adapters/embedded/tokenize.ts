import type { TokenizeInput } from '../../../core/inference.ts'
import { renderPrompt } from './chat.ts'
import { rawTokens } from './complete.ts'
import type { Job } from './generate.ts'
import { toHistory } from './history.ts'
import type { Runtime } from './runtime.ts'

/** Tokens of a text, or of messages as the prompt that a chat with them would begin with. */
export const tokenize = (runtime: Runtime, input: TokenizeInput, job: Job): void => {
  const tokens = input.messages
    ? renderPrompt(runtime, toHistory(input.messages))
    : rawTokens(runtime, input.text ?? '')
  job.emit({ type: 'start', model: runtime.modelName })
  job.emit({ type: 'tokens', tokens, contextLength: runtime.contextLength })
  job.emit({ type: 'end' })
}
