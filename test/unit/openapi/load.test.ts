import { describe, expect, it } from 'vitest'
import { isMcpdError } from '../../../src/core/errors.ts'
import { loadDocument } from '../../../src/openapi/load.ts'
import { defaultLimits } from '../../../src/openapi/source.ts'

const load = (text: string) => loadDocument(Buffer.from(text), 'spec')

const refusal = (text: string, limits = defaultLimits): string => {
  try {
    loadDocument(Buffer.from(text), 'spec', limits)
  } catch (error) {
    if (isMcpdError(error) && error.code === 'SPEC_INVALID') return error.message
    throw error
  }
  return 'taken'
}

describe('a document', () => {
  it('is JSON or YAML by what it says, not by its name', () => {
    expect(load('{"a": 1}')).toMatchObject({ format: 'json', value: { a: 1 } })
    expect(load('a: 1\n')).toMatchObject({ format: 'yaml', value: { a: 1 } })
    expect(load('{a: 1}')).toMatchObject({ format: 'yaml', value: { a: 1 } })
  })

  it('knows where everything stands', () => {
    const json = load('{\n  "a": {"b": [1,\n    {"c/d": 2}]}\n}')
    const yaml = load('a:\n  b:\n    - 1\n    - c/d: 2\n')
    expect([...json.locate(['/a/b/1/c~1d', '/a', '/gone'])]).toEqual([
      ['/a', { line: 2, column: 3 }],
      ['/a/b/1/c~1d', { line: 3, column: 6 }],
    ])
    expect(yaml.locate(['/a/b/1/c~1d']).get('/a/b/1/c~1d')).toEqual({ line: 4, column: 7 })
  })

  it('may begin with a byte order mark, and says so', () => {
    const marked = load('\uFEFF{"a": 1}')
    expect(marked.value).toEqual({ a: 1 })
    expect(marked.health.map(({ id }) => id)).toEqual(['byte-order-mark'])
  })

  it.each(['{"a": 1, "b": {"c": 1, "c": 2}}', 'a: 1\nb:\n  c: 1\n  c: 2\n'])(
    'with a key twice counts the last: %s',
    (text) => {
      const { value, health } = load(text)
      expect(value).toEqual({ a: 1, b: { c: 2 } })
      expect(health).toMatchObject([{ id: 'duplicate-key', pointer: '/b/c' }])
    },
  )

  it('does not take a quoted colon in a text for a key', () => {
    expect(load(String.raw`{"a": "say \"b\": 1", "c\\": 2}`).health).toEqual([])
  })

  it.each(['{"a": [1, 9007199254740993]}', 'a: [1, 9007199254740993]'])(
    'says where a number was rounded: %s',
    (text) => {
      expect(load(text).health).toMatchObject([{ id: 'number-too-large', pointer: '/a/1' }])
    },
  )

  it('reads YAML as 1.2: keys and words are text', () => {
    const { value, health } = load('200: a\non: b\n2020-01-01: c\nenum: [no, "yes", true]\n')
    expect(value).toEqual({ '200': 'a', on: 'b', '2020-01-01': 'c', enum: ['no', 'yes', true] })
    expect(health).toMatchObject([{ id: 'yaml-1.1-word', pointer: '/enum/0' }])
  })

  it('follows anchors and merge keys', () => {
    const { value } = load('a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\n')
    expect(value).toEqual({ a: { x: 1, y: 2 }, b: { x: 1, y: 2 }, c: { x: 1, y: 3 } })
  })

  it('keeps a member called __proto__ a member', () => {
    for (const text of ['{"a": {"__proto__": 1}}', 'a: {__proto__: 1}']) {
      const { value } = load(text)
      expect(JSON.stringify(value)).toBe('{"a":{"__proto__":1}}')
    }
  })
})

describe('what cannot be read', () => {
  it.each([
    ['', /not a mapping/],
    ['just text', /not a mapping/],
    ['<!doctype html><html></html>', /web page/],
    ['{"a": 1,,}', /^spec:1:\d+ cannot be read/],
    ['a: [1\nb: 2\n', /^spec:\d+:\d+ cannot be read/],
    ['[1, 2]', /not a mapping/],
    ['a: *gone', /cannot be read/],
  ])('%j is refused with its place', (text, message) => {
    expect(refusal(text)).toMatch(message)
  })

  it('an alias bomb is counted as what it stands for', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let at = 1; at < 10; at++)
      lines.push(`a${at}: &a${at} [${Array.from({ length: 10 }, () => `*a${at - 1}`).join(', ')}]`)
    expect(refusal(lines.join('\n'))).toMatch(/more than \d+ values/)
  })

  it('an alias inside of what it names ends', () => {
    expect(refusal('a: &a\n  b: *a\n')).toMatch(/never end|nests/)
  })

  it('nesting, size and count have limits', () => {
    expect(refusal(`{"a":${'['.repeat(600)}${']'.repeat(600)}}`)).toMatch(/nests deeper/)
    expect(refusal(`a: ${'['.repeat(600)}${']'.repeat(600)}`)).toMatch(/nests deeper/)
    expect(refusal('{"a":1}', { ...defaultLimits, bytesMax: 3 })).toMatch(/7 bytes, more than 3/)
    expect(refusal('{"a":[1,2,3]}', { ...defaultLimits, nodesMax: 3 })).toMatch(/more than 3 values/)
  })
})
