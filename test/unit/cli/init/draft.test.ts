import { parse } from 'yaml'
import { describe, expect, it } from 'vitest'
import { type Draft, renderDraft } from '../../../../src/cli/init/draft.ts'

const empty: Draft = { about: ['A config.'], sections: [], backends: [], groups: [], notes: [] }

describe('renderDraft', () => {
  it('writes what is real as settings and what is an example as a comment that only wants its marks taken away', () => {
    const text = renderDraft({
      ...empty,
      sections: [{ name: 'listen', comments: ['Where.'], settings: { port: 1 }, isExample: true }],
      backends: [
        { comments: ['Real.'], entry: { name: 'a', adapter: 'openai', url: 'http://a', models: ['m'] } },
        {
          comments: ['Example.'],
          entry: { name: 'b', adapter: 'openai', apiKey: '${env:K}' },
          isExample: true,
        },
      ],
    })
    expect(parse(text)).toEqual({
      backends: [{ name: 'a', adapter: 'openai', url: 'http://a', models: ['m'] }],
    })
    const uncommented = text.replaceAll(/^( *)# (?=listen:|backends:| |- )/gm, '$1')
    expect(parse(uncommented)).toEqual({
      listen: { port: 1 },
      backends: [
        { name: 'a', adapter: 'openai', url: 'http://a', models: ['m'] },
        { name: 'b', adapter: 'openai', apiKey: '${env:K}' },
      ],
    })
  })

  it('is a valid file when all is example', () => {
    const text = renderDraft({
      ...empty,
      backends: [{ comments: [], entry: { name: 'a' }, isExample: true }],
    })
    expect(parse(text)).toBeNull()
    expect(text.split('\n').every((line) => line === '' || /^ *#/.test(line))).toBe(true)
  })

  it.each(['\n', '\r', '\r\n', '\u2028', '\u0085', '\u0000'])(
    'lets no line break end a comment: %j',
    (mark) => {
      const evil = `x${mark}listen: {port: 1}`
      const text = renderDraft({
        ...empty,
        about: [evil],
        backends: [{ comments: [evil], entry: { name: 'a', adapter: 'b' } }],
        notes: [evil],
      })
      expect(parse(text)).toEqual({ backends: [{ name: 'a', adapter: 'b' }] })
    },
  )

  it('keeps a value a value, whatever it looks like', () => {
    const entry = { name: 'a', url: 'http://x # y', model: '- b: c', headers: { 'x: y': '*z' } }
    expect(parse(renderDraft({ ...empty, backends: [{ comments: [], entry }] }))).toEqual({
      backends: [entry],
    })
  })
})
