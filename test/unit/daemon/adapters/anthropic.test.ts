import { afterEach, describe, expect, it } from 'vitest'
import {
  type AnthropicStandInOptions,
  startAnthropicStandIn,
} from '../../../../fixtures/anthropic-stand-in.ts'
import { newChat } from '../../../../src/conformance/request.ts'
import { McpdError } from '../../../../src/core/errors.ts'
import { fold } from '../../../../src/core/fold.ts'
import type { InferenceRequest, Input } from '../../../../src/core/inference.ts'
import anthropic from '../../../../src/daemon/adapters/anthropic/index.ts'
import type { AnthropicOptions } from '../../../../src/daemon/adapters/anthropic/options.ts'
import { createTransport } from '../../../../src/daemon/transport.ts'
import { newRequest } from '../../../harness/request.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})
const signal = new AbortController().signal

const start = async (
  standInOptions: AnthropicStandInOptions = {},
  options: Partial<AnthropicOptions> = {},
) => {
  const standIn = await startAnthropicStandIn(standInOptions)
  const adapter = anthropic.create(
    { url: standIn.url, ...options },
    {
      name: 'claude',
      connect: (url) => createTransport(url, { connectionsMax: 8, connectTimeoutMs: 5000 }),
      log: () => undefined,
    },
  )
  closing.push(standIn.close, () => adapter.close())
  const ask = (input: Input, more: Partial<InferenceRequest> = {}) =>
    fold(adapter.infer(newRequest({ model: 'stand-in', input, stream: false, ...more })))
  return { standIn, adapter, ask }
}

const refusalOf = async (answer: Promise<unknown>): Promise<McpdError> => {
  const error: unknown = await answer.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(McpdError)
  return error as McpdError
}

describe('what it sends', () => {
  it('has a version, a key as the server wants it, and a limit', async () => {
    const { standIn, ask } = await start(
      {},
      {
        apiKey: 'k',
        keyHeader: 'authorization',
        version: '2099-01-01',
        maxTokens: 7,
        headers: { 'X-A': 'b' },
      },
    )
    await ask(newChat('Hi', { sampling: {} }))
    const { headers, body } = standIn.requests.at(-1)!
    expect(headers).toMatchObject({
      authorization: 'Bearer k',
      'anthropic-version': '2099-01-01',
      'content-type': 'application/json',
      'x-a': 'b',
    })
    expect(headers).not.toHaveProperty('x-api-key')
    expect(JSON.parse(body.toString())).toEqual({
      model: 'stand-in',
      messages: [{ role: 'user', content: 'Hi' }],
      max_tokens: 7,
    })
  })

  it('has the version and the betas of a client whose body is passed on, and no others of its headers', async () => {
    const { standIn, ask } = await start()
    const sent = '{"model":"x","max_tokens":3,"messages":[{"role":"user","content":"Hi"}]}'
    const frame = { dialect: 'anthropic', bytes: Buffer.from(sent), body: JSON.parse(sent) as never }
    const given: Record<string, string> = {
      'anthropic-version': '2024-01-01',
      'anthropic-beta': 'b',
      cookie: 'c',
    }
    await ask(newChat('Hi'), { frame, header: (name) => given[name] })
    const { headers, body } = standIn.requests.at(-1)!
    expect(headers).toMatchObject({ 'anthropic-version': '2024-01-01', 'anthropic-beta': 'b' })
    expect(headers).not.toHaveProperty('cookie')
    expect(body.toString()).toBe(sent.replace('"x"', '"stand-in"'))
    await ask(newChat('Hi'), { header: (name) => given[name] })
    expect(standIn.requests.at(-1)!.headers['anthropic-version']).toBe('2023-06-01')
  })
})

describe('its models', () => {
  it('are those of all pages', async () => {
    const { adapter } = await start({ models: ['a', 'b', 'c'], pageSize: 1 })
    expect(await adapter.models(signal)).toEqual(
      ['a', 'b', 'c'].map((name) => ({
        name,
        operations: ['chat', 'tokenize'],
        contextLength: 4096,
        created: 1_767_225_600,
      })),
    )
  })

  it('are those of the config where there is one', async () => {
    const models = ['a', { name: 'b', contextLength: 5 }]
    const { adapter, standIn } = await start({}, { models, operations: ['chat'] })
    expect(await adapter.models(signal)).toEqual([
      { name: 'a', operations: ['chat'] },
      { name: 'b', operations: ['chat'], contextLength: 5 },
    ])
    expect(standIn.requests).toEqual([])
  })
})

it('counts tokens without naming them', async () => {
  const { ask } = await start()
  const messages = [{ role: 'user', content: 'one two three' }] as const
  expect(await ask({ operation: 'tokenize', messages })).toMatchObject({ tokens: [], tokenCount: 3 })
  expect(await ask({ operation: 'tokenize', text: 'one two' })).toMatchObject({ tokenCount: 2 })
})

describe('what goes wrong', () => {
  it('is a key that is refused', async () => {
    const { adapter, ask } = await start({ apiKey: 'right' }, { apiKey: 'wrong' })
    expect((await refusalOf(ask(newChat('Hi')))).code).toBe('BACKEND_ERROR')
    expect(await adapter.health(signal)).toMatchObject({ ok: false, detail: /credentials/ as never })
  })

  it.each([
    ['html', 'BACKEND_ERROR', /web page/],
    ['empty', 'BACKEND_ERROR', /empty body/],
    ['overloaded', 'BACKEND_UNAVAILABLE', /529/],
    ['error-in-200', 'BACKEND_ERROR', /engine died/],
    ['refuse-422', 'BAD_REQUEST', /422/],
  ] as const)('is %s', async (fault, code, words) => {
    const { ask } = await start()
    for (const stream of [false, true]) {
      const error = await refusalOf(ask(newChat('Hi'), { model: `fault/${fault}`, stream }))
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(words)])
    }
  })

  it.each([
    ['cut-mid-stream', 'BACKEND_INCOMPLETE'],
    ['malformed-event', 'BACKEND_ERROR'],
    ['error-mid-stream', 'BACKEND_ERROR'],
    ['end-without-end', 'BACKEND_INCOMPLETE'],
  ] as const)('is a stream with %s', async (fault, code) => {
    const { ask } = await start()
    const error = await refusalOf(ask(newChat('Hi'), { model: `fault/${fault}`, stream: true }))
    expect(error.code).toBe(code)
  })

  it('is a server without a list, unless the config has one', async () => {
    const other = await start({}, { url: 'http://127.0.0.1:1', models: ['a'] })
    expect(await other.adapter.health(signal)).toMatchObject({ ok: false })
  })
})
