/** What is sent to and fro: every candidate gets the same messages, every backend gives the same answers. */

export const chunksPerStream = 100
export const msPerChunk = 10

export const model = 'stand-in-model'

const requestBytes = 1024
const question = 'Say in a few sentences what a gateway for language models does and what it costs. '

/** The body of a chat of about 1 KB. Members beside `messages` differ with the surface. */
export const chatBody = (members: object): string => {
  const make = (text: string): string =>
    JSON.stringify({
      ...members,
      messages: [
        { role: 'system', content: 'You are a careful assistant.' },
        { role: 'user', content: text },
      ],
      temperature: 0.7,
      max_tokens: 256,
    })
  const spare = requestBytes - make('').length
  return make(question.repeat(Math.ceil(spare / question.length)).slice(0, spare))
}

const created = 1_700_000_000

/** The body of a whole answer; about 0.9 KB. */
export const completion = JSON.stringify({
  id: 'chatcmpl-0123456789abcdef',
  object: 'chat.completion',
  created,
  model,
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: 'It stands between clients and runtimes and costs some microseconds. '.repeat(9).trim(),
        refusal: null,
      },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 210, completion_tokens: 120, total_tokens: 330 },
})

export const modelList = JSON.stringify({
  object: 'list',
  data: [{ id: model, object: 'model', created, owned_by: 'stand-in' }],
})

/** The events of a stream in order: one per chunk with content, then what closes it. */
export const streamChunks = (): string[] => {
  const event = (members: object): string =>
    `data: ${JSON.stringify({ id: 'chatcmpl-0123456789abcdef', object: 'chat.completion.chunk', created, model, ...members })}\n\n`
  const choice = (delta: object, finish: string | null): string =>
    event({ choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] })
  const content = Array.from({ length: chunksPerStream }, (_, at) =>
    choice({ ...(at === 0 && { role: 'assistant' }), content: ` word${at}` }, null),
  )
  const usage = { prompt_tokens: 210, completion_tokens: 100, total_tokens: 310 }
  return [...content, choice({}, 'stop'), event({ choices: [], usage }), 'data: [DONE]\n\n']
}
