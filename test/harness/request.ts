import type { InferenceEvent, InferenceRequest, Input, Invoke } from '../../src/core/inference.ts'
import { defaultPrincipal } from '../../src/core/principal.ts'
import { newTrace } from '../../src/core/trace.ts'

const hello: Input = {
  operation: 'chat',
  messages: [{ role: 'user', content: 'hello' }],
  sampling: {},
  extra: {},
}

/** An inference request with everything a test does not care about filled in. */
export const newRequest = (given: Partial<InferenceRequest> = {}): InferenceRequest => ({
  id: 'req_test',
  principal: defaultPrincipal,
  model: 'm',
  input: hello,
  stream: true,
  signal: new AbortController().signal,
  trace: newTrace('test', 0),
  ...given,
})

export const drain = async (events: AsyncIterable<InferenceEvent>): Promise<InferenceEvent[]> =>
  Array.fromAsync(events)

/** A backend that answers with these events, or throws where one is an Error. */
export const answering = (...steps: readonly (InferenceEvent | Error)[]): Invoke =>
  async function* () {
    for (const step of steps) {
      if (step instanceof Error) throw step
      yield step
    }
  }

export const text = (text: string): InferenceEvent => ({ type: 'text-delta', index: 0, text })
