import { describe, expect, it } from 'vitest'
import type { Message } from '../../../../src/core/inference.ts'
import { decodeItems } from '../../../../src/dialects/responses/items.ts'
import { encodeItems } from '../../../../src/dialects/responses/item-encoder.ts'
import type { ItemBody } from '../../../../src/dialects/responses/item-schemas.ts'

const call = { type: 'function_call', call_id: 'c1', name: 'weather', arguments: '{"city":"Rome"}' }
const output = { type: 'function_call_output', call_id: 'c1', output: '21 °C' }

describe('decodeItems', () => {
  it('reads messages with and without their type', () => {
    expect(
      decodeItems([
        { role: 'developer', content: 'Be brief.' },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
      ]),
    ).toEqual([
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
    ])
  })

  it('makes one message of what an assistant thought, said and called in a row', () => {
    const messages = decodeItems([
      { role: 'user', content: 'Weather?' },
      { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'I need the tool.' }] },
      { role: 'assistant', content: [{ type: 'output_text', text: 'Let me see.' }] },
      call,
      { ...call, call_id: 'c2' },
      output,
      { ...output, call_id: 'c2' },
    ])
    expect(messages).toEqual([
      { role: 'user', content: 'Weather?' },
      {
        role: 'assistant',
        content: 'Let me see.',
        reasoning: 'I need the tool.',
        toolCalls: [
          { id: 'c1', name: 'weather', argumentsText: '{"city":"Rome"}' },
          { id: 'c2', name: 'weather', argumentsText: '{"city":"Rome"}' },
        ],
      },
      { role: 'tool', content: '21 °C', toolCallId: 'c1' },
      { role: 'tool', content: '21 °C', toolCallId: 'c2' },
    ])
  })

  it('keeps two answers in a row apart', () => {
    const answer = (content: string): ItemBody => ({ role: 'assistant', content })
    expect(decodeItems([answer('one'), answer('two'), call, answer('three')])).toEqual([
      { role: 'assistant', content: 'one' },
      {
        role: 'assistant',
        content: 'two',
        toolCalls: [{ id: 'c1', name: 'weather', argumentsText: '{"city":"Rome"}' }],
      },
      { role: 'assistant', content: 'three' },
    ])
  })

  it('takes the summary of reasoning that has no text', () => {
    const summary = [
      { type: 'summary_text', text: 'First.' },
      { type: 'summary_text', text: 'Then.' },
    ]
    expect(
      decodeItems([
        { type: 'reasoning', summary },
        { role: 'assistant', content: 'Done.' },
      ]),
    ).toEqual([{ role: 'assistant', content: 'Done.', reasoning: 'First.\nThen.' }])
  })

  it('reads images, files and sound', () => {
    const content = [
      { type: 'input_text', text: 'Look' },
      { type: 'input_image', image_url: 'data:image/png;base64,AA==', detail: 'low' },
      { type: 'input_file', file_data: 'data:application/pdf;base64,AA==', filename: 'a.pdf' },
      { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
    ]
    expect(decodeItems([{ role: 'user', content }])).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image', url: 'data:image/png;base64,AA==', detail: 'low' },
          {
            type: 'other',
            value: {
              type: 'file',
              file: { file_data: 'data:application/pdf;base64,AA==', filename: 'a.pdf' },
            },
          },
          { type: 'audio', data: 'AA==', format: 'wav' },
        ],
      },
    ])
  })

  it.each<[string, ItemBody, string, RegExp]>([
    ['a kind that is unknown', { type: 'computer_call' }, 'input[0].type', /"computer_call"/],
    ['a message without a role', { type: 'message', content: 'x' }, 'input[0].role', /role/],
    ['a message without content', { role: 'user' }, 'input[0].content', /content/],
    ['a call without a name', { type: 'function_call', call_id: 'c', arguments: '' }, 'input[0]', /name/],
    ['an output without a call', { type: 'function_call_output', output: '' }, 'input[0]', /call_id/],
    ['a reference that names nothing', { type: 'item_reference' }, 'input[0].id', /stored item/],
    [
      'an image by id',
      { role: 'user', content: [{ type: 'input_image', file_id: 'file_1' }] },
      'input[0].content[0]',
      /no files/,
    ],
    [
      'a file by address',
      { role: 'user', content: [{ type: 'input_file', file_url: 'http://x/' }] },
      'input[0].content[0]',
      /no files/,
    ],
    [
      'a part that is unknown',
      { role: 'user', content: [{ type: 'hologram' }] },
      'input[0].content[0].type',
      /"hologram"/,
    ],
  ])('refuses %s', (_, item, param, words) => {
    expect(() => decodeItems([item])).toThrow(
      expect.objectContaining({
        code: 'BAD_REQUEST',
        details: { param },
        message: expect.stringMatching(words) as string,
      }),
    )
  })
})

describe('encodeItems', () => {
  it.each<[string, Message, string[]]>([
    ['a question', { role: 'user', content: 'Hello' }, ['msg_t']],
    ['instructions', { role: 'system', content: 'Be brief.' }, ['msg_t']],
    [
      'parts',
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image', url: 'http://x/a.png', detail: 'auto' },
          { type: 'audio', data: 'AA==', format: 'wav' },
          { type: 'other', value: { type: 'file', file: { file_data: 'data:,', filename: 'a.txt' } } },
        ],
      },
      ['msg_t'],
    ],
    ['an answer', { role: 'assistant', content: 'Hi' }, ['msg_t']],
    [
      'an answer with everything',
      {
        role: 'assistant',
        content: 'Hi',
        reasoning: 'Hm.',
        toolCalls: [
          { id: 'c1', name: 'f', argumentsText: '{}' },
          { id: 'c2', name: 'g', argumentsText: '{"a":' },
        ],
      },
      ['rs_t', 'msg_t', 'fc_t_0', 'fc_t_1'],
    ],
    [
      'calls alone',
      { role: 'assistant', content: null, toolCalls: [{ id: 'c1', name: 'f', argumentsText: '' }] },
      ['fc_t_0'],
    ],
    ['a result', { role: 'tool', content: '21', toolCallId: 'c1' }, ['fco_t']],
    [
      'a result in parts',
      {
        role: 'tool',
        content: [
          { type: 'text', text: 'a' },
          { type: 'image', url: 'http://x/a.png', detail: 'low' },
        ],
        toolCallId: 'c1',
      },
      ['fco_t'],
    ],
  ])('gives %s ids, and items that read back as the same message', (_, message, ids) => {
    const items = encodeItems('t', message)
    expect(items.map(({ id }) => id)).toEqual(ids)
    expect(decodeItems(items)).toEqual([message])
  })

  it('shows a part that has no name here as text', () => {
    const [item] = encodeItems('t', { role: 'user', content: [{ type: 'other', value: { type: 'video' } }] })
    expect(item).toMatchObject({ content: [{ type: 'input_text', text: '{"type":"video"}' }] })
  })

  it('makes an empty message of an answer of nothing', () => {
    expect(encodeItems('t', { role: 'assistant', content: null })).toMatchObject([
      { type: 'message', content: [{ type: 'output_text', text: '' }] },
    ])
  })
})
