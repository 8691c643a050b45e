import { describe, expect, it } from 'vitest'
import { fold } from '../../../../src/core/fold.ts'
import { decodeStream } from '../../../../src/dialects/tgi/stream-decoder.ts'

async function* one(text: string | Buffer) {
  yield Buffer.from(text)
}
const read = (text: string | Buffer, more: object = {}) =>
  fold(decodeStream(one(text), { model: 'm', logprobs: false, ...more }))

// As TGI writes it: no space after the colon, a comment while it is silent, a special token at the end.
const stream = [
  'data:{"index":1,"token":{"id":1,"text":"upon","logprob":-0.5,"special":false},"generated_text":null,"details":null}',
  ':',
  'data:{"index":2,"token":{"id":2,"text":" a","logprob":-0.25,"special":false},"top_tokens":[{"id":9,"text":" the","logprob":-2,"special":false}],"generated_text":null,"details":null}',
  'data:{"index":3,"token":{"id":3,"text":"</s>","logprob":-1,"special":true},"generated_text":"upon a","details":{"finish_reason":"eos_token","generated_tokens":3,"seed":null,"input_length":5}}',
  '',
].join('\n\n')

describe('a stream', () => {
  it('is read with its counts, and without what is no text', async () => {
    expect(await read(stream)).toEqual({
      model: 'm',
      choices: [{ index: 0, text: 'upon a', finishReason: 'stop' }],
      usage: { inputTokens: 5, outputTokens: 3 },
    })
  })

  it('has the probabilities of its tokens where they are wanted', async () => {
    const { choices } = await read(stream, { logprobs: true })
    expect(choices[0]!.logprobs).toEqual([
      { token: 'upon', logprob: -0.5 },
      { token: ' a', logprob: -0.25, top: [{ token: ' the', logprob: -2 }] },
    ])
  })

  it('has the prompt before it where that is wanted', async () => {
    expect((await read(stream, { prompt: 'Once ' })).choices[0]!.text).toBe('Once upon a')
  })
})

describe('what goes wrong', () => {
  const error = (type: string) => `data:${JSON.stringify({ error: 'No.', error_type: type })}\n\n`

  it.each([
    ['validation', 'BAD_REQUEST'],
    ['overloaded', 'RATE_LIMITED'],
    ['generation', 'BACKEND_ERROR'],
    ['incomplete_generation', 'BACKEND_ERROR'],
    ['toString', 'BACKEND_ERROR'],
  ])('%s inside a 200 is %s', async (type, code) => {
    await expect(read(error(type))).rejects.toMatchObject({ code })
  })

  it('is an end that is missing, or an event that is none', async () => {
    await expect(read(stream.slice(0, 120))).rejects.toMatchObject({ code: 'BACKEND_INCOMPLETE' })
    await expect(read('data:{"index":1}\n\n')).rejects.toThrow(/no token/)
    await expect(read('data:{"index"\n\n')).rejects.toThrow(/malformed/)
  })
})
