import { createServer } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startOllamaStandIn } from '../../fixtures/ollama-stand-in.ts'
import { startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { monotonicMs } from '../../src/bench/clock.ts'
import { createMeter } from '../../src/bench/measure/meter.ts'
import { outputTokensOf, type RequestRecord } from '../../src/bench/measure/record.ts'
import { measureAccuracy } from '../../src/bench/selftest/accuracy.ts'
import type { Truth } from '../../src/bench/simulator/answer.ts'
import { type Behaviour, simulatedFaults } from '../../src/bench/simulator/behaviour.ts'
import { startSimulator } from '../../src/bench/simulator/simulator.ts'
import type { Target } from '../../src/bench/target.ts'

const targetAt = (url: string, given: Partial<Target> = {}): Target => ({
  label: 'test',
  url,
  wire: 'openai-chat',
  model: 'stand-in',
  stream: true,
  streamUsage: true,
  extra: {},
  ...given,
})

interface AskOptions {
  readonly text?: string
  readonly outputTokens?: number
  readonly timeoutMs?: number
  readonly times?: number
}

/** Measures one after the other. */
const measure = async (target: Target, options: AskOptions = {}): Promise<RequestRecord[]> => {
  const { text = 'words 5', outputTokens = 5, timeoutMs = 20_000, times = 1 } = options
  const meter = createMeter({ timeoutMs, connectTimeoutMs: 5000, connectionsMax: 4, insecure: false })
  try {
    const records: RequestRecord[] = []
    for (let index = 0; index < times; index += 1) {
      const ask = { index, text, outputTokens }
      records.push(await meter.prepare({ target, targetIndex: 0, phase: 0, ask })(monotonicMs()))
    }
    return records
  } finally {
    await meter.close()
  }
}

const measureOne = async (target: Target, options?: AskOptions): Promise<RequestRecord> =>
  (await measure(target, options))[0]!

const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A server that says these bytes to whoever asks, and then ends the answer. */
const saying = async (contentType: string, ...parts: readonly string[]): Promise<Target> => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': contentType })
    for (const part of parts) response.write(Buffer.from(part, 'latin1'))
    response.end()
  })
  return targetAt(`${await listen(server)}/v1`)
}

const simulatorWith = async (behaviour: Partial<Behaviour>) => {
  const simulator = await startSimulator({ behaviour: { ttftMs: 2, gapMs: 1, ...behaviour } })
  onTestFinished(() => simulator.close())
  const truths = async (): Promise<Truth[]> =>
    (await (await fetch(`${new URL(simulator.url).origin}/truth`)).json()) as Truth[]
  return { target: targetAt(simulator.url, { model: 'sim' }), truths }
}

/** The order in which the times of a success have to be. */
const expectInOrder = (record: RequestRecord): void => {
  const { scheduledMs, issuedMs, connectedMs, sentMs, headMs, stamps, usageMs, doneMs, endedMs } = record
  const times = [
    scheduledMs,
    issuedMs,
    connectedMs,
    sentMs,
    headMs,
    ...stamps,
    usageMs,
    doneMs,
    endedMs,
  ].filter((time) => time !== undefined)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
}

describe('a measured answer', () => {
  it.each<[string, Partial<Behaviour>]>([
    ['plain', {}],
    ['three tokens in each event', { bundle: 3 }],
    ['reasoning first', { reasoningTokens: 4 }],
    ['a running count of tokens in each event', { usage: 'each', bundle: 2 }],
    ['line ends of CR and LF', { lineEnd: 'crlf' }],
    ['events that are cut in two', { split: true }],
  ])('has exact tokens: %s', async (_, behaviour) => {
    const { target, truths } = await simulatorWith(behaviour)
    const records = await measure(target, { outputTokens: 10, times: 3 })
    expect(records.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok'])
    expect(records.map(outputTokensOf)).toEqual([10, 10, 10])
    expect(records.map(({ stamps }) => stamps.length)).toEqual(
      Array(3).fill(Math.ceil(10 / (behaviour.bundle ?? 1))),
    )
    records.forEach(expectInOrder)
    const accuracy = measureAccuracy(records, await truths())
    expect(accuracy).toMatchObject({ matched: 3, wrongTokens: 0, wrongOutcomes: [] })
  })

  it('counts events where the server counts nothing', async () => {
    const { target } = await simulatorWith({ usage: 'none' })
    const record = await measureOne(target, { outputTokens: 7 })
    expect(record.outputTokens).toBeUndefined()
    expect(outputTokensOf(record)).toBe(7)
  })

  it('knows what a first event of several tokens held, if it is told', async () => {
    const { target } = await simulatorWith({ usage: 'each', bundle: 4 })
    expect(await measureOne(target, { outputTokens: 10 })).toMatchObject({
      firstEventTokens: 4,
      outputTokens: 10,
    })
  })

  it('has its first output after its reasoning', async () => {
    const { target } = await simulatorWith({ reasoningTokens: 3 })
    const { stamps, firstOutputMs } = await measureOne(target, { outputTokens: 6 })
    expect(firstOutputMs).toBe(stamps[3])
  })

  it('is never stamped before it was sent', async () => {
    const { target, truths } = await simulatorWith({})
    const [record] = await measure(target, { outputTokens: 10 })
    const [truth] = await truths()
    expect(record!.requestId).toBe(truth!.id)
    expect(truth!.receivedMs).toBeGreaterThanOrEqual(record!.issuedMs)
    truth!.sentMs.forEach((sentMs, event) =>
      expect(record!.stamps[event]).toBeGreaterThanOrEqual(sentMs - 0.01),
    )
  })
})

describe('a failure', () => {
  it.each(simulatedFaults)('of kind %s is called so', async (fault) => {
    const { target } = await simulatorWith({ fault })
    const record = await measureOne(target, {
      timeoutMs: fault === 'timeout' ? 300 : 20_000,
      outputTokens: 6,
    })
    expect(record.outcome).toBe(fault)
  })

  it('among others is called what it is, and none spoils another', async () => {
    const { target, truths } = await simulatorWith({ fault: 'mix' })
    const records = await measure(target, { timeoutMs: 500, outputTokens: 6, times: 40 })
    const { wrongOutcomes, wrongTokens } = measureAccuracy(records, await truths())
    expect({ wrongOutcomes, wrongTokens }).toEqual({ wrongOutcomes: [], wrongTokens: 0 })
    expect(records.filter(({ outcome }) => outcome === 'ok').length).toBe(20)
  })

  it('to connect is one of its own', async () => {
    const server = createTcpServer()
    const url = await listen(server)
    await new Promise<void>((resolve) => server.close(() => resolve()))
    expect(await measureOne(targetAt(`${url}/v1`))).toMatchObject({
      outcome: 'connect',
      message: /ECONNREFUSED/,
    })
  })

  it.each([
    ['nothing at all', 'text/event-stream', [], 'empty'],
    [
      'only a role',
      'text/event-stream',
      ['data: {"choices":[{"delta":{"role":"assistant"}}]}\n\n'],
      'truncated',
    ],
    [
      'a role and an end',
      'text/event-stream',
      [
        'data: {"choices":[{"delta":{"role":"assistant"}}]}\n\n',
        'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
      ],
      'empty',
    ],
    [
      'only usage',
      'text/event-stream',
      ['data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":0}}\n\ndata: [DONE]\n\n'],
      'empty',
    ],
    ['only pings', 'text/event-stream', [': ping\n\n', ': ping\n\n'], 'empty'],
    ['a page', 'text/html', ['<h1>It works!</h1>'], 'bad_json'],
    ['JSON that is cut', 'application/json', ['{"choices":[{'], 'bad_json'],
    ['JSON of something else', 'application/json', ['{"hello":"world"}'], 'bad_json'],
    ['an error inside of a 200', 'application/json', ['{"error":{"message":"no"}}'], 'sse_error_event'],
    ['an empty body', 'application/json', [], 'empty'],
  ] as const)('of %s', async (_, type, parts, expected) => {
    expect((await measureOne(await saying(type, ...parts))).outcome).toBe(expected)
  })

  it.each([
    ['401', 'refuse-401', 'http_4xx'],
    ['429', 'refuse-429', 'http_429'],
    ['503', 'refuse-503', 'http_5xx'],
    ['redirect', 'redirect', 'http_3xx'],
    ['error in a field', 'error-field', 'sse_error_event'],
    ['a cut connection', 'cut-mid-stream', 'reset-mid'],
    ['a reset', 'reset', 'reset-before'],
    ['silence', 'slow-headers', 'timeout'],
    ['a stall', 'stall', 'timeout'],
  ])('of the stand-in: %s', async (_, fault, expected) => {
    const standIn = await startOpenAiStandIn()
    onTestFinished(() => standIn.close())
    const record = await measureOne(targetAt(standIn.url, { model: `fault/${fault}` }), { timeoutMs: 700 })
    expect(record.outcome).toBe(expected)
    expect(standIn.openRequests()).toBeLessThanOrEqual(1)
  })

  it('that never ends is ended', async () => {
    const standIn = await startOpenAiStandIn()
    onTestFinished(() => standIn.close())
    const record = await measureOne(targetAt(standIn.url, { model: 'fault/endless' }), { timeoutMs: 500 })
    expect(['timeout', 'oversize']).toContain(record.outcome)
    await expect.poll(() => standIn.openRequests()).toBe(0)
  })
})

describe('what is unusual and no failure', () => {
  it('is an answer that came whole although a stream was asked for', async () => {
    const body = {
      choices: [{ message: { content: 'hello there' } }],
      usage: { prompt_tokens: 1, completion_tokens: 2 },
    }
    const record = await measureOne(await saying('application/json', JSON.stringify(body)))
    expect(record).toMatchObject({ outcome: 'ok', outputTokens: 2, characters: 11 })
    expect(record.stamps.length).toBe(0)
  })

  it('is a stream that has a finish reason and no [DONE]', async () => {
    const parts = [
      'data: {"choices":[{"delta":{"content":"a"}}]}\n\n',
      'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n',
    ]
    expect(await measureOne(await saying('text/event-stream', ...parts))).toMatchObject({ outcome: 'ok' })
  })

  it('is a connection that stays open after [DONE]', async () => {
    const standIn = await startOpenAiStandIn()
    onTestFinished(() => standIn.close())
    const record = await measureOne(targetAt(standIn.url, { model: 'fault/open-after-done' }))
    expect(record.outcome).toBe('ok')
  })

  it('is a character that is cut in two', async () => {
    const text = Buffer.from('data: {"choices":[{"delta":{"content":"é😀"}}]}\n\ndata: [DONE]\n\n').toString(
      'latin1',
    )
    const cut = text.indexOf('\u00c3') + 1
    const record = await measureOne(await saying('text/event-stream', text.slice(0, cut), text.slice(cut)))
    expect(record).toMatchObject({ outcome: 'ok', characters: 3 })
  })
})

describe('every API', () => {
  it.each(['openai-chat', 'openai-complete', 'openai-embed'] as const)('is measured: %s', async (wire) => {
    const standIn = await startOpenAiStandIn()
    onTestFinished(() => standIn.close())
    const record = await measureOne(targetAt(standIn.url, { wire, stream: wire !== 'openai-embed' }))
    expect(record).toMatchObject({ outcome: 'ok', inputTokens: 2 })
    expect(record.stamps.length).toBe(wire === 'openai-embed' ? 0 : 5)
    expectInOrder(record)
  })

  it.each(['ollama-chat', 'ollama-complete', 'ollama-embed'] as const)('is measured: %s', async (wire) => {
    const standIn = await startOllamaStandIn()
    onTestFinished(() => standIn.close())
    const tags = (await (await fetch(`${standIn.url}/api/tags`)).json()) as { models: { name: string }[] }
    const model = tags.models[wire === 'ollama-embed' ? tags.models.length - 1 : 0]!.name
    const record = await measureOne(targetAt(standIn.url, { wire, model, stream: wire !== 'ollama-embed' }))
    expect(record).toMatchObject({ outcome: 'ok' })
    expect(record.inputTokens).toBeGreaterThan(0)
    expectInOrder(record)
  })

  it('sends the key and keeps it to itself', async () => {
    const standIn = await startOpenAiStandIn({ apiKey: 'sk-test' })
    onTestFinished(() => standIn.close())
    expect(await measureOne(targetAt(standIn.url))).toMatchObject({ outcome: 'http_4xx', status: 401 })
    const record = await measureOne(targetAt(standIn.url, { apiKey: 'sk-test' }))
    expect(record.outcome).toBe('ok')
    expect(JSON.stringify(record)).not.toContain('sk-test')
  })
})
