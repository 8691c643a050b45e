import { afterEach, describe, expect, it } from 'vitest'
import { type FastChatStandInOptions, startFastChatStandIn } from '../../../../fixtures/fastchat-stand-in.ts'
import { newChat, newComplete } from '../../../../src/conformance/request.ts'
import { fold } from '../../../../src/core/fold.ts'
import type { InferenceRequest } from '../../../../src/core/inference.ts'
import fastchat from '../../../../src/daemon/adapters/fastchat/index.ts'
import type { FastChatOptions } from '../../../../src/daemon/adapters/fastchat/options.ts'
import { createTransport } from '../../../../src/daemon/transport.ts'
import { newRequest } from '../../../harness/request.ts'

const { signal } = new AbortController()
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const start = async (standInOptions: FastChatStandInOptions, options: Partial<FastChatOptions> = {}) => {
  const standIn = await startFastChatStandIn(standInOptions)
  const adapter = fastchat.create(
    { url: standIn.url, ...options },
    {
      name: 'test',
      connect: (url) => createTransport(url, { connectionsMax: 4, connectTimeoutMs: 2000 }),
      log: () => {},
    },
  )
  closing.push(() => adapter.close(), standIn.close)
  const ask = (more: Partial<InferenceRequest>) =>
    fold(adapter.infer(newRequest({ model: 'stand-in', stream: true, ...more })))
  return { standIn, adapter, ask }
}

describe('workers that a controller names', () => {
  it.each([
    ['http://169.254.169.254/latest', /add 169.254.169.254 to workerHosts/],
    ['file:///etc/passwd', /--worker-address/],
    ['nonsense', /--worker-address/],
  ])('are not asked at %s', async (address, suggestion) => {
    const { ask, standIn } = await start({ workerAddress: () => address })
    await expect(ask({ input: newChat('Hi.') })).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      details: { suggestions: [expect.stringMatching(suggestion) as string] },
    })
    expect(standIn.requests.map(({ path }) => path)).not.toContain('/worker_generate_stream')
  })

  it('are asked on other machines that the config names, without the key of the controller', async () => {
    const worker = await startFastChatStandIn({ kind: 'worker' })
    closing.push(worker.close)
    const named = worker.url.replace('127.0.0.1', 'localhost')
    const { ask } = await start({ workerAddress: () => named }, { apiKey: 'secret' })
    expect((await ask({ input: newChat('Hi.') })).choices[0]!.text).toBe('Hi.')
    expect(worker.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined])
  })

  it('have gone when a model that was listed has none, and are unknown otherwise', async () => {
    const { adapter, ask } = await start({ workerAddress: () => '' })
    await expect(ask({ input: newChat('Hi.') })).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' })
    await adapter.models(signal)
    await expect(ask({ input: newChat('Hi.') })).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
  })
})

describe('a conversation', () => {
  const sent = (standIn: Awaited<ReturnType<typeof start>>['standIn']) =>
    JSON.parse(
      standIn.requests.find(({ path }) => path === '/worker_generate_stream')!.body.toString(),
    ) as object

  it('goes through the template of the worker, which is asked for it once', async () => {
    const { standIn, ask } = await start({})
    for (let times = 0; times < 2; times += 1) await ask({ input: newChat('Hi.') })
    expect(standIn.requests.filter(({ path }) => path === '/worker_get_conv_template')).toHaveLength(1)
    expect(sent(standIn)).toMatchObject({
      prompt:
        '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi.<|im_end|>\n<|im_start|>assistant\n',
      stop: ['<|im_end|>'],
    })
  })

  it('goes through the Jinja template of the config', async () => {
    const chatTemplate = '{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }} {% endfor %}'
    const { standIn, ask } = await start({}, { models: { 'stand-in': { chatTemplate, bosToken: '<s>' } } })
    await ask({ input: newChat('Hi.') })
    expect(standIn.requests.map(({ path }) => path)).not.toContain('/worker_get_conv_template')
    expect(sent(standIn)).toMatchObject({ prompt: '<s>[user] Hi. ' })
  })
})

describe('the API server', () => {
  it('is asked for its models once, since it asks all its workers for each list', async () => {
    const { adapter, standIn } = await start({ kind: 'api' })
    for (let times = 0; times < 3; times += 1) expect(await adapter.models(signal)).toHaveLength(2)
    expect(await adapter.health(signal)).toEqual({ ok: true })
    expect(standIn.requests.filter(({ path }) => path === '/v1/models')).toHaveLength(1)
  })

  it.each([
    ['code-40303', 'BAD_REQUEST'],
    ['code-42903', 'RATE_LIMITED'],
    ['code-50002', 'BACKEND_ERROR'],
    ['code-50005', 'BACKEND_UNAVAILABLE'],
    ['code-50006', 'BACKEND_TIMEOUT'],
  ])('always says 400: %s is %s', async (fault, code) => {
    const { ask } = await start({ kind: 'api' })
    await expect(ask({ model: `fault/${fault}`, input: newComplete('Once') })).rejects.toMatchObject({ code })
  })

  it('refuses a key in words that do not repeat it', async () => {
    const { adapter, ask } = await start({ kind: 'api', apiKey: 'right' }, { kind: 'api', apiKey: 'wrong' })
    await expect(ask({ input: newChat('Hi.') })).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      message: expect.not.stringContaining('wrong') as string,
    })
    expect(await adapter.health(signal)).toMatchObject({ ok: false })
  })
})

it('says so when what is there is no FastChat', async () => {
  const { adapter, ask } = await start({ kind: 'worker' }, { url: 'http://127.0.0.1:1' })
  expect(await adapter.health(signal)).toMatchObject({ ok: false })
  await expect(ask({ input: newChat('Hi.') })).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
})
