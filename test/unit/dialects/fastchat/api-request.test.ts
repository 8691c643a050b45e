import { expect, it } from 'vitest'
import { newChat, newComplete, newEmbed } from '../../../../src/conformance/request.ts'
import { encodeChat, encodeComplete, encodeEmbed } from '../../../../src/dialects/fastchat/api-request.ts'

const asked = { model: 'm', stream: false }

it('sends messages as FastChat takes them', () => {
  const image = { type: 'image', url: 'data:image/png;base64,AA==' } as const
  const input = newChat('', {
    messages: [
      {
        role: 'developer',
        content: [
          { type: 'text', text: 'Be' },
          { type: 'text', text: 'brief.' },
        ],
      },
      { role: 'user', content: [{ type: 'text', text: 'What is it?' }, image] },
      { role: 'assistant', content: null, name: 'me' },
    ],
    choices: 2,
  })
  expect(encodeChat(input, asked).body).toMatchObject({
    model: 'm',
    stream: false,
    messages: [
      { role: 'system', content: 'Be\nbrief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image_url', image_url: { url: image.url } },
        ],
      },
      { role: 'assistant', content: '' },
    ],
    n: 2,
  })
})

it('asks for no probabilities of a stream, whose chunks repeat them', () => {
  const input = newComplete('Once', { topLogprobs: 1, sampling: { maxTokens: 3, stop: ['.'] } })
  expect(encodeComplete(input, asked)).toMatchObject({ body: { logprobs: 1, max_tokens: 3 }, dropped: [] })
  expect(encodeComplete(input, { ...asked, stream: true })).toMatchObject({ dropped: ['logprobs'] })
})

it('names what the server would overlook', () => {
  const sampling = { seed: 1, repeatPenalty: 2, topK: 5 }
  const { body, dropped } = encodeChat(newChat('Hi.', { sampling, extra: { user: 'me' } }), asked)
  expect(body).toMatchObject({ top_k: 5 })
  expect(dropped).toEqual(['seed', 'repetition_penalty', 'user'])
  expect(encodeEmbed(newEmbed(['a'], { dimensions: 3 }), 'm')).toEqual({
    body: { model: 'm', input: ['a'] },
    dropped: ['dimensions'],
  })
})
