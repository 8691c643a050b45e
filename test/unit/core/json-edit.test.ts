import { describe, expect, it } from 'vitest'
import { editMembers, type MemberEdits } from '../../../src/core/json-edit.ts'

const edit = (text: string, edits: MemberEdits) => editMembers(Buffer.from(text), edits).toString()
const set = (value: unknown) => ({ set: value })

describe('editMembers', () => {
  it.each<[string, MemberEdits, string]>([
    ['{"model":"a","n":1}', { model: set('b') }, '{"model":"b","n":1}'],
    ['{ "n" : 1.50e0 , "model" : "a" }', { model: set('b') }, '{ "n" : 1.50e0 , "model" : "b" }'],
    ['{"mod\\u0065l":"a","x":"\\u0041"}', { model: set('b') }, '{"mod\\u0065l":"b","x":"\\u0041"}'],
    ['{"model":{"deep":["}",{"model":1}]},"y":0}', { model: set('b') }, '{"model":"b","y":0}'],
    ['{"a":{"model":"inner"},"model":"a"}', { model: set('b') }, '{"a":{"model":"inner"},"model":"b"}'],
    ['{"a":"\\\\","model":"\\"}"}', { model: set('b') }, '{"a":"\\\\","model":"b"}'],
    ['{"model":"grüße"}', { model: set('ü"') }, '{"model":"ü\\""}'],
    ['\n\t{"model":null}\r\n', { model: set(null) }, '\n\t{"model":null}\r\n'],
  ])('replaces in %s', (before, edits, after) => expect(edit(before, edits)).toBe(after))

  it.each<[string, string]>([
    ['{"mcpd":{"a":1},"n":1}', '{"n":1}'],
    ['{"n":1, "mcpd":{"a":1}}', '{"n":1}'],
    ['{"n":1, "mcpd":{"a":1}, "m":2}', '{"n":1, "m":2}'],
    ['{ "mcpd":1 }', '{  }'],
    ['{"n":1}', '{"n":1}'],
    ['{}', '{}'],
  ])('removes from %s', (before, after) => expect(edit(before, { mcpd: 'remove' })).toBe(after))

  it('removes runs of members at the start, in the middle and at the end', () => {
    const edits = { a: 'remove', b: 'remove' } as const
    expect(edit('{"a":1,"b":2,"c":3}', edits)).toBe('{"c":3}')
    expect(edit('{"c":3,"a":1,"b":2,"d":4}', edits)).toBe('{"c":3,"d":4}')
    expect(edit('{"c":3,"b":1,"a":2}', edits)).toBe('{"c":3}')
    expect(edit('{"a":1,"c":3,"b":2}', edits)).toBe('{"c":3}')
    expect(edit('{"a":1,"b":2}', edits)).toBe('{}')
  })

  it.each<[string, MemberEdits, string]>([
    ['{}', { model: set('b') }, '{"model":"b"}'],
    ['{ "n":1}', { model: set('b') }, '{"model":"b", "n":1}'],
    ['{"mcpd":1}', { mcpd: 'remove', model: set('b') }, '{"model":"b"}'],
    ['{"n":1}', { a: set(1), b: set([2]) }, '{"a":1,"b":[2],"n":1}'],
  ])('inserts into %s', (before, edits, after) => expect(edit(before, edits)).toBe(after))

  it.each([
    ['{"n":1}', '{"stream_options":{"include_usage":true},"n":1}'],
    ['{"stream_options":null}', '{"stream_options":{"include_usage":true}}'],
    ['{"stream_options":{}}', '{"stream_options":{"include_usage":true}}'],
    ['{"stream_options":{"x":[1]}}', '{"stream_options":{"include_usage":true,"x":[1]}}'],
    ['{"stream_options":{"include_usage":false, "x":1}}', '{"stream_options":{"include_usage":true, "x":1}}'],
  ])('edits inside the object of %s', (before, after) =>
    expect(edit(before, { stream_options: { members: { include_usage: set(true) } } })).toBe(after),
  )

  it('makes no object for the sake of removing from it', () => {
    const edits = { o: { members: { x: 'remove' } } } as const
    expect(edit('{"n":1}', edits)).toBe('{"n":1}')
    expect(edit('{"o":null}', edits)).toBe('{"o":null}')
    expect(edit('{"o":{"x":1}}', edits)).toBe('{"o":{}}')
  })

  it.each<[string, MemberEdits, string]>([
    ['{"model":1,"model":2}', { model: set('b') }, 'model'],
    ['{"model":1,"m\\u006fdel":2}', { model: set('b') }, 'model'],
    ['{"mcpd":1,"mcpd":2}', { mcpd: 'remove' }, 'mcpd'],
    ['{"stream":true,"stream":false}', { stream: 'keep' }, 'stream'],
    ['{"o":{"x":1,"x":2}}', { o: { members: { x: set(1) } } }, 'o.x'],
    ['{"o":7}', { o: { members: { x: set(1) } } }, 'o'],
  ])('refuses %s', (text, edits, param) =>
    expect(() => edit(text, edits)).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST', details: { param } }),
    ),
  )

  it('lets duplicates of other members alone', () =>
    expect(edit('{"x":1,"x":2,"model":"a"}', { model: set('b') })).toBe('{"x":1,"x":2,"model":"b"}'))

  it('is not fooled by names of the prototype', () =>
    expect(edit('{"__proto__":{"model":1},"toString":2}', { model: set('b') })).toBe(
      '{"model":"b","__proto__":{"model":1},"toString":2}',
    ))

  it('refuses what is no object', () => {
    expect(() => edit('[1]', {})).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
  })

  it('returns the same bytes when nothing is to do', () => {
    const bytes = Buffer.from('{"a":1}')
    expect(editMembers(bytes, { mcpd: 'remove', stream: 'keep' })).toBe(bytes)
  })

  it('skips long strings, with quotes and backslashes anywhere in them', () => {
    for (const length of [40, 47, 48, 49, 50, 200])
      for (const tail of ['', '\\', '\\\\', '"', '\\"', '\\\\"x', '"'.repeat(60)]) {
        const text = JSON.stringify({ long: 'x'.repeat(length) + tail, model: 'a' })
        expect(JSON.parse(edit(text, { model: set('b') }))).toEqual({ ...JSON.parse(text), model: 'b' })
      }
  })
})
