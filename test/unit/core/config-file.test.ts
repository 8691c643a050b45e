import { describe, expect, it } from 'vitest'
import { below, parseConfigFile } from '../../../src/core/config-file.ts'

const parse = (text: string) => parseConfigFile(text, 'mcpd.yaml')

describe('parseConfigFile', () => {
  it('gives the value and the line of every member and item', () => {
    const { value, lines } = parse(
      '# first\nlisten:\n  port: 1\nbackends:\n  - name: a\n    url: x\n  - name: b\n',
    )
    expect(value).toEqual({ listen: { port: 1 }, backends: [{ name: 'a', url: 'x' }, { name: 'b' }] })
    expect(Object.fromEntries(lines)).toEqual({
      '/listen': 'mcpd.yaml:2',
      '/listen/port': 'mcpd.yaml:3',
      '/backends': 'mcpd.yaml:4',
      '/backends/0': 'mcpd.yaml:5',
      '/backends/0/name': 'mcpd.yaml:5',
      '/backends/0/url': 'mcpd.yaml:6',
      '/backends/1': 'mcpd.yaml:7',
      '/backends/1/name': 'mcpd.yaml:7',
    })
  })

  it.each(['', '# only a comment\n', '\ufeff', '---\n'])('takes %j for an empty file', (text) => {
    expect(parse(text).value).toEqual({})
  })

  it('takes an alias for what it names', () => {
    expect(parse('a: &a {x: 1}\nb: *a\n').value).toEqual({ a: { x: 1 }, b: { x: 1 } })
  })

  it.each([
    ['a key given twice', 'a: 1\nb:\n  c: 1\n  c: 2\n', 4],
    ['a list that never ends', 'a: 1\nb: [1\nc: }\n', 3],
    ['tabs as indentation', 'a:\n\tb: 1\n', 2],
    ['two documents', 'a: 1\n---\nb: 1\n', 2],
    ['a list at the top', '- a\n', 1],
    ['a word at the top', 'hello\n', 1],
    ['binary', '\0\0\0\0', 1],
    ['brackets past any depth', `a: ${'['.repeat(20_000)}`, 1],
  ])('refuses %s and names the line', (_what, text, line) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(new RegExp(`^mcpd\\.yaml:${line}: `)),
      }),
    )
  })

  it.each([
    [
      'aliases that multiply',
      [
        'a: &a [1,1,1,1,1,1,1,1]',
        ...'bcdefg'.split('').map((name, at) => {
          const previous = 'abcdef'[at] ?? ''
          return `${name}: &${name} [${Array.from({ length: 8 }, () => `*${previous}`).join(',')}]`
        }),
      ].join('\n'),
    ],
    ['an alias inside what it names', 'a: &a\n  b: *a\n'],
    ['an alias in a list of itself', 'a: &a [*a]\n'],
  ])('refuses %s', (_what, text) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: 'mcpd.yaml: its aliases name nothing, repeat too much or never end.',
      }),
    )
  })

  it('never quotes the text: a line with a mistake may hold a secret', () => {
    expect(() => parse('apiKey: sk-secret\napiKey: sk-secret\n  : ]')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('sk-secret') }),
    )
  })
})

describe('below', () => {
  it('escapes what a JSON pointer escapes', () => {
    expect(below(below('', 'a/b~c'), 0)).toBe('/a~1b~0c/0')
  })
})
