import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeConversation, type Turn, writePrompt } from '../../../../src/dialects/fastchat/conversation.ts'

interface Recorded {
  readonly turns: readonly (readonly [string, string])[]
  readonly templates: readonly {
    readonly conv: { readonly name: string; readonly messages: readonly unknown[] }
    readonly prompt: string
    readonly withSystem: string
    readonly withEmpty: string
  }[]
}

/** What FastChat itself makes of a conversation, in each of its styles. */
const { turns: told, templates } = JSON.parse(
  readFileSync(new URL('../../../../fixtures/streams/fastchat/conversations.json', import.meta.url), 'utf8'),
) as Recorded
const turns = told.map(([role, text]): Turn => ({ speaker: role === 'user' ? 0 : 1, text }))
const unknown = ['chatglm', 'chatintern', 'rwkv', 'metamath', 'yuan2']

describe('a conversation', () => {
  it.each(templates.map((each) => ({ ...each, name: each.conv.name, before: each.conv.messages.length })))(
    'is written as FastChat does in the style $name after $before turns',
    ({ conv, prompt, withSystem, withEmpty, name }) => {
      const template = decodeConversation(conv)!
      const written = [undefined, 'Be brief.', ''].map((system) => writePrompt(template, turns, system))
      if (unknown.includes(name)) expect(written).toEqual([undefined, undefined, undefined])
      else expect(written).toEqual([prompt, withSystem, withEmpty])
    },
  )

  it('keeps a system message as it is, whatever it holds', () => {
    const template = decodeConversation({ roles: ['U', 'A'], sep_style: 4, sep: '|' })!
    expect(writePrompt(template, [], '$& {system_message}')).toBe('$& {system_message}A')
  })

  it('says what ends an answer', () => {
    const plain = { roles: ['U', 'A'], sep_style: 1, sep: '|' }
    expect(decodeConversation({ ...plain, stop_str: 'end', stop_token_ids: [2] })).toMatchObject({
      stop: ['end'],
      stopTokenIds: [2],
    })
    expect(decodeConversation({ ...plain, stop_str: ['a', 'b'] })).toMatchObject({ stop: ['a', 'b'] })
    expect(decodeConversation({ ...plain, stop_str: null })).toMatchObject({ stop: [], stopTokenIds: [] })
  })

  it('is none without roles or a style', () => {
    for (const value of [null, [], {}, { roles: ['U'], sep_style: 1 }, { roles: ['U', 'A'] }])
      expect(decodeConversation(value)).toBeUndefined()
  })
})
