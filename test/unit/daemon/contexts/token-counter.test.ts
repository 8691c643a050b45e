import { describe, expect, it } from 'vitest'
import { McpdError } from '../../../../src/core/errors.ts'
import type { Message } from '../../../../src/core/inference.ts'
import { createLruStore } from '../../../../src/daemon/contexts/cache/lru-store.ts'
import { strictKeyv } from '../../../../src/daemon/contexts/cache/strict-keyv.ts'
import type { PathTurn } from '../../../../src/daemon/contexts/path.ts'
import type { Tokenize } from '../../../../src/daemon/contexts/exact-counts.ts'
import { type Counts, createTokenCounter } from '../../../../src/daemon/contexts/token-counter.ts'
import { callOf, pathOf, resultOf } from './a-path.ts'

const signal = AbortSignal.timeout(60_000)

/** One token per word, one that begins a text, and a template of three tokens a message and two in all. */
const words = (text: string): number => text.split(' ').filter(Boolean).length
const prompt = (messages: readonly Message[]): number =>
  2 + messages.reduce((sum, { content }) => sum + 3 + words(content as string), 0)
const tokenizer =
  (asked: string[] = []): Tokenize =>
  async (input) => {
    if ('messages' in input) return prompt(input.messages)
    asked.push(input.text)
    return 1 + words(input.text)
  }

const sum = ({ tokensOf, fixedTokens }: Counts, path: readonly PathTurn[]): number =>
  path.reduce((total, each) => total + tokensOf(each), fixedTokens)

describe('a count by the tokenizer of the model', () => {
  const path = pathOf('s:be kind to all', 'u:one two three', 'a:', 'u:four')

  it('is what the template makes of the messages', async () => {
    const counts = await createTokenCounter({ tokenizer: 'm', tokenize: tokenizer() }).count(path, {}, signal)
    expect(sum(counts, path)).toBe(prompt(path.map(({ message }) => message)))
    expect(counts).toMatchObject({ exact: true, marginRatio: 0 })
  })

  it('asks for each body once, and for none that the cache has', async () => {
    const asked: string[] = []
    const cache = strictKeyv({ namespace: 'tokens', open: () => createLruStore() })
    const make = (tokenizerName: string) =>
      createTokenCounter({ tokenizer: tokenizerName, tokenize: tokenizer(asked), cache })
    const counter = make('m')
    await counter.count(path, {}, signal)
    await counter.count(pathOf(...path.map(({ message }) => message), 'a:new one'), {}, signal)
    expect(asked.filter((text) => text !== 'x').sort()).toEqual([
      'be kind to all',
      'four',
      'new one',
      'one two three',
    ])
    asked.length = 0
    const again = await make('m').count(path, {}, signal)
    expect(asked).toEqual(['x'])
    expect(sum(again, path)).toBe(prompt(path.map(({ message }) => message)))
    await make('other').count(path, {}, signal)
    expect(asked).toHaveLength(1 + 4)
  })

  it('is an estimate for calls and pictures, and is called one', async () => {
    const called = pathOf('u:look', callOf('a'), resultOf('a'))
    const counts = await createTokenCounter({ tokenizer: 'm', tokenize: tokenizer() }).count(
      called,
      {},
      signal,
    )
    expect(counts).toMatchObject({ exact: false, marginRatio: 0.2 })
    expect(counts.tokensOf(called[0]!)).toBe(3 + 1)
    expect(counts.tokensOf(called[1]!)).toBeGreaterThan(8)
    const picture = pathOf({ role: 'user', content: [{ type: 'image', url: 'data:image/png;base64,AAAA' }] })
    expect(counts.tokensOf(picture[0]!)).toBeGreaterThan(1000)
  })

  it.each<[string, Tokenize]>([
    ['cannot tokenize', () => Promise.reject(new McpdError('OPERATION_UNSUPPORTED', 'no'))],
    ['fails', () => Promise.reject(new McpdError('BACKEND_ERROR', 'no'))],
    [
      'hangs',
      (_, signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    ],
  ])('is an estimate where the backend %s', async (_, tokenize) => {
    const counter = createTokenCounter({ tokenizer: 'm', tokenize, tokenizeMs: 20 })
    const counts = await counter.count(path, {}, signal)
    expect(counts).toMatchObject({ exact: false, marginRatio: 0.2 })
    expect(counts.tokensOf(path[1]!)).toBe(3 + 4)
  })

  it('asks no more where the backend cannot, and again where it failed', async () => {
    for (const [code, times] of [
      ['OPERATION_UNSUPPORTED', 1],
      ['BACKEND_ERROR', 2],
    ] as const) {
      let asked = 0
      const tokenize: Tokenize = (input) => {
        if ('messages' in input && input.messages.length === 1) asked += 1
        return Promise.reject(new McpdError(code, 'no'))
      }
      const counter = createTokenCounter({ tokenizer: 'm', tokenize })
      await counter.count(path, {}, signal)
      await counter.count(path, {}, signal)
      expect(asked).toBe(times)
    }
  })

  it('does not go on when nobody waits', async () => {
    const gone = AbortSignal.abort(new Error('gone'))
    await expect(
      createTokenCounter({ tokenizer: 'm', tokenize: tokenizer() }).count(path, {}, gone),
    ).rejects.toThrow('gone')
  })
})

describe('an estimate', () => {
  it('learns from what the backend says', async () => {
    const counter = createTokenCounter({ tokenizer: 'm' })
    const path = pathOf(`u:${'Some words of a long question. '.repeat(40)}`)
    const before = sum(await counter.count(path, {}, signal), path)
    const actual = before * 2
    for (let turn = 0; turn < 20; turn += 1)
      counter.observe(
        path.map(({ message }) => message),
        [],
        actual,
      )
    const after = sum(await counter.count(path, {}, signal), path)
    expect(Math.abs(after - actual) / actual).toBeLessThan(0.05)
  })

  it('counts tools', async () => {
    const counter = createTokenCounter({ tokenizer: 'm' })
    const tools = [{ name: 'look', description: 'Looks at a place and tells what is there.' }]
    const none = await counter.count([], {}, signal)
    expect((await counter.count([], { tools }, signal)).fixedTokens).toBeGreaterThan(none.fixedTokens + 15)
  })
})
