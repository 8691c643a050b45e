import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { faults as anthropicFaults } from '../../fixtures/anthropic-stand-in/faults.ts'
import { type AnthropicStandIn, startAnthropicStandIn } from '../../fixtures/anthropic-stand-in.ts'
import { workerFaults } from '../../fixtures/fastchat-stand-in/faults.ts'
import { type FastChatStandIn, startFastChatStandIn } from '../../fixtures/fastchat-stand-in.ts'
import { chatFaults } from '../../fixtures/huggingface-stand-in/faults.ts'
import { type HuggingFaceStandIn, startHuggingFaceStandIn } from '../../fixtures/huggingface-stand-in.ts'
import { faults as ollamaFaults } from '../../fixtures/ollama-stand-in/faults.ts'
import { type OllamaStandIn, startOllamaStandIn } from '../../fixtures/ollama-stand-in.ts'
import { faults as openaiFaults } from '../../fixtures/openai-stand-in/faults.ts'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { startTritonStandIn, type TritonStandIn } from '../../fixtures/triton-stand-in.ts'
import { createSseDecoder } from '../../src/core/sse.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'

/** The cells of docs/faults.md: what each fault of each adapter looks like to a client. */

export const adapters = [
  'openai',
  'ollama',
  'anthropic',
  'huggingface',
  'triton',
  'fastchat',
  'sidecar',
] as const
export type AdapterName = (typeof adapters)[number]

export const modes = ['whole, alone', 'whole, in a group', 'stream, alone', 'stream, in a group'] as const
export type Mode = (typeof modes)[number]

/** How each adapter's stand-in plays a fault; null where there is no such thing. */
type Plays = Readonly<Record<AdapterName, string | null>>

/** The same everywhere, but for those named. */
const everywhere = (play: string, others: Partial<Plays> = {}): Plays => ({
  openai: play,
  ollama: play,
  anthropic: play,
  huggingface: play,
  triton: play,
  fastchat: play,
  sidecar: play,
  ...others,
})

const plays: Readonly<Record<string, Plays>> = {
  'connection refused': everywhere('@refused'),
  'unknown host': everywhere('@dns', { sidecar: null }),
  'broken TLS': everywhere('@tls', { sidecar: null }),
  '429 with Retry-After': everywhere('refuse-429'),
  '429 without': everywhere('refuse-429-bare'),
  '500': everywhere('500'),
  '503': everywhere('refuse-503', { ollama: 'busy', anthropic: 'overloaded', triton: 'unready' }),
  'slow headers': everywhere('slow-headers'),
  'stall before output': everywhere('stall-before-first'),
  'stall after output': everywhere('stall'),
  'cut after output': everywhere('cut-mid-stream'),
  'malformed chunk': everywhere('malformed-line', {
    openai: 'malformed-chunk',
    huggingface: 'malformed-chunk',
    anthropic: 'malformed-event',
    triton: 'malformed-event',
    fastchat: 'malformed-event',
  }),
  'error inside 200': everywhere('error-in-200'),
  'error after output': everywhere('error-mid-stream'),
  'empty body': everywhere('empty'),
  'empty answer': everywhere('empty-answer', {
    openai: 'empty-completion',
    huggingface: 'empty-completion',
  }),
  'huge body': everywhere('huge'),
  'slow client': everywhere('endless'),
  'client gone': everywhere('stall'),
}

export const faultNames = Object.keys(plays)

export interface Field {
  /** What a client sees, in the words of docs/faults.md; `-` where there is no such thing. */
  outcome(adapter: AdapterName, fault: string, mode: Mode): Promise<string>
  /** Leaves a request that its backend is working on, and resolves when that works on nothing any more. */
  cancelled(adapter: AdapterName, play: string, mode: Mode): Promise<void>
  /** Requests that any of the backends is still working on. */
  openRequests(): Promise<number>
  /** In flight and waiting, as the daemons count them. */
  held(): number
  close(): Promise<void>
}

const program = fileURLToPath(new URL('../../fixtures/sidecar-stand-in.ts', import.meta.url))

/** A fault at work: the name of its backend, with that of its model. */
const placeOf = (adapter: AdapterName, play: string): { backend: string; model: string } => {
  if (play === 'none') return { backend: adapter, model: 'stand-in' }
  return play.startsWith('@')
    ? { backend: `${adapter}-${play.slice(1)}`, model: 'stand-in' }
    : { backend: adapter, model: adapter === 'triton' ? `fault-${play}` : `fault/${play}` }
}

/** An answer that is not streamed is complete before a slow client begins to read: nothing is wrong with that. */
const playOf = (adapter: AdapterName, fault: string, stream: boolean): string | null =>
  fault === 'slow client' && !stream ? 'none' : plays[fault]![adapter]

const groupOf = (adapter: AdapterName, play: string): string => `${adapter}-${play.replace('@', 'at-')}`

interface StandIns {
  readonly openai: OpenAiStandIn
  readonly ollama: OllamaStandIn
  readonly anthropic: AnthropicStandIn
  readonly huggingface: HuggingFaceStandIn
  readonly triton: TritonStandIn
  readonly fastchat: FastChatStandIn
}

/** For a server that is asked for models which it does not list. */
const modelsOf = (faults: object): string =>
  JSON.stringify(['stand-in', ...Object.keys(faults).map((name) => `fault/${name}`)])

const configOf = (standIns: StandIns, waits: string, total: string): string => {
  const { openai, ollama, anthropic, huggingface, triton, fastchat } = standIns
  const limits = `timeouts: { firstToken: ${waits}, idle: ${waits} }, breaker: { failures: 1000000 }, concurrency: 256`
  const hub = 'kind: router, loadingWait: 0ms'
  const plain = new URL(openai.url).host
  const backend = (name: string, rest: string) => `  - { name: ${name}, ${rest}, ${limits} }`
  const places = (adapter: keyof StandIns, more = '') => [
    backend(`${adapter}-refused`, `adapter: ${adapter}, url: "http://127.0.0.1:1"${more}`),
    backend(`${adapter}-dns`, `adapter: ${adapter}, url: "http://no-such-host.invalid:1"${more}`),
    backend(`${adapter}-tls`, `adapter: ${adapter}, url: "https://${plain}"${more}`),
  ]
  const groups = [...Object.values(plays), everywhere('none')].flatMap((by) =>
    adapters.flatMap((adapter) => {
      const play = by[adapter]
      if (play === null) return []
      const { backend: name, model } = placeOf(adapter, play)
      return [
        `  - { name: ${groupOf(adapter, play)}, targets: ["${name}/${model}", { target: spare/stand-in, weight: 0 }] }`,
      ]
    }),
  )
  return [
    `timeouts: { total: ${total} }`,
    'backends:',
    `  - { name: spare, adapter: openai, url: "${openai.url}", models: [stand-in], concurrency: 256 }`,
    backend(
      'openai',
      `adapter: openai, url: "${openai.url}", models: ${modelsOf(openaiFaults)}, answerMax: 1MB`,
    ),
    backend('ollama', `adapter: ollama, url: "${ollama.url}", answerMax: 1MB`),
    backend(
      'anthropic',
      `adapter: anthropic, url: "${anthropic.url}", models: ${modelsOf(anthropicFaults)}, answerMax: 1MB`,
    ),
    backend(
      'huggingface',
      `adapter: huggingface, url: "${huggingface.url}", models: ${modelsOf(chatFaults)}, answerMax: 1MB, ${hub}`,
    ),
    backend('triton', `adapter: triton, url: "${triton.url}", answerMax: 1MB`),
    backend('fastchat', `adapter: fastchat, url: "${fastchat.url}", answerMax: 1MB`),
    backend('sidecar', `sidecar: { command: ["${process.execPath}", "${program}"] }`),
    ...places('openai'),
    ...places('ollama'),
    ...places('anthropic'),
    ...places('huggingface', `, ${hub}`),
    ...places('triton'),
    ...places('fastchat'),
    backend('sidecar-refused', 'sidecar: { command: [/no/such/program] }'),
    'groups:',
    ...new Set(groups),
  ].join('\n')
}

const sidecarOf = ({ registry }: TestDaemon['daemon']) =>
  registry.backends.find(({ name }) => name === 'sidecar')!.adapter

export const startField = async (): Promise<Field> => {
  const openai = await startOpenAiStandIn()
  const ollama = await startOllamaStandIn({
    models: ['stand-in', ...Object.keys(ollamaFaults).map((name) => `fault/${name}`)].map((name) => ({
      name,
      capabilities: ['completion'],
      contextLength: 4096,
    })),
  })
  const anthropic = await startAnthropicStandIn()
  const huggingface = await startHuggingFaceStandIn({ kind: 'router', model: 'stand-in' })
  const triton = await startTritonStandIn()
  const fastchat = await startFastChatStandIn({
    models: ['stand-in', ...Object.keys(workerFaults).map((name) => `fault/${name}`)],
  })
  const standIns: StandIns = { openai, ollama, anthropic, huggingface, triton, fastchat }
  const config = configOf(standIns, '1500ms', '5s')
  // A budget of one retry per request: whether a request fails over must not depend on those before it.
  const alone = await startTestDaemon(`${config}\nretries: { max: 0 }`)
  const grouped = await startTestDaemon(`${config}\nretries: { max: 1, budget: 1, retryAfterMax: 1ms }`)
  // Nothing but the client ends a request of this one.
  const patient = await startTestDaemon(configOf(standIns, '10m', '30m'))
  const daemons = [alone, grouped, patient]
  for (const { daemon } of daemons) {
    await sidecarOf(daemon).ready
    await Promise.all(daemon.registry.backends.map((backend) => backend.changed()))
  }

  const sidecarOpen = async (): Promise<number> => {
    const counts = await Promise.all(
      daemons.map(
        async ({ daemon }) => (await sidecarOf(daemon).metrics?.(AbortSignal.timeout(10_000))) ?? {},
      ),
    )
    return counts.reduce((sum, { open = 0 }) => sum + open, 0)
  }

  const openRequests = async (): Promise<number> =>
    Object.values(standIns).reduce((sum, standIn) => sum + standIn.openRequests(), 0) + (await sidecarOpen())
  const reach = async (count: number): Promise<void> => {
    for (let waits = 0; (await openRequests()) !== count; waits += 1) {
      if (waits > 1000) throw new Error(`${await openRequests()} requests are open, not ${count}`)
      await sleep(10)
    }
  }

  return {
    cancelled: async (adapter, play, mode) => {
      const { backend, model } = placeOf(adapter, play)
      const path = mode.endsWith('alone')
        ? `${backend}/${encodeURIComponent(model)}`
        : `group/${groupOf(adapter, play)}`
      const gone = new AbortController()
      const asking = ask(fetch, patient, path, mode.startsWith('stream'), gone.signal)
      asking.catch(() => undefined)
      await reach(1)
      if (play === 'stall' && mode.startsWith('stream')) await (await asking).body!.getReader().read()
      gone.abort()
      await reach(0)
    },
    outcome: async (adapter, fault, mode) => {
      const stream = mode.startsWith('stream')
      const play = playOf(adapter, fault, stream)
      if (play === null) return '-'
      if (mode.endsWith('alone')) {
        const { backend, model } = placeOf(adapter, play)
        return look(alone, `${backend}/${encodeURIComponent(model)}`, stream, fault)
      }
      return look(grouped, `group/${groupOf(adapter, play)}`, stream, fault)
    },
    openRequests,
    held: () =>
      daemons
        .flatMap(({ daemon }) => daemon.registry.backends)
        .reduce((sum, { queue }) => sum + queue.inFlight + queue.waiting, 0),
    close: async () => {
      await Promise.all(daemons.map((daemon) => daemon.close()))
      await Promise.all(Object.values(standIns).map((standIn) => standIn.close()))
    },
  }
}

/** Asks over the native surface, whose codes are those of docs/errors.md. */
const ask = (
  fetching: typeof fetch,
  { url }: TestDaemon,
  path: string,
  stream: boolean,
  signal: AbortSignal,
): Promise<Response> =>
  fetching(`${url}/mcp/v1/${path}/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'hi' }], stream }),
    signal,
  })

const look = async (mcpd: TestDaemon, path: string, stream: boolean, fault: string): Promise<string> => {
  const gone = new AbortController()
  const asking = ask(fault.includes('client') ? fetch : mcpd.fetch, mcpd, path, stream, gone.signal)
  if (fault === 'client gone') return leave(asking, stream, gone)
  const answer = await asking
  if (fault === 'slow client' && stream) return readLate(mcpd, answer)
  const text = await answer.text()
  const by = answer.headers.get('x-mcpd-backend') === 'spare' ? ' from the next' : ''
  if (answer.status !== 200) return `${answer.status} ${codeIn(text)}${by}`
  return stream ? streamOutcome(text) + by : `200${by}`
}

/** Far less than a backend sends in the time, and more than buffers hold on the way. */
const heldBackMaxBytes = 32 * 2 ** 20

/** Reads a little and then nothing until the limit of a whole request has struck, then the rest. */
const readLate = async ({ daemon }: TestDaemon, answer: Response): Promise<string> => {
  const reader = answer.body!.getReader()
  let bytes = (await reader.read()).value?.length ?? 0
  const isServed = (): boolean =>
    daemon.registry.backends.some(
      ({ name, queue }) => name === answer.headers.get('x-mcpd-backend') && queue.inFlight > 0,
    )
  for (let waits = 0; isServed() && waits < 200; waits += 1) await sleep(100)
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }))
    if (done) break
    bytes += value?.length ?? 0
  }
  return bytes < heldBackMaxBytes ? 'held back, then ended' : 'flooded'
}

const codeIn = (text: string): string => (JSON.parse(text) as { code: string }).code

const leave = async (asking: Promise<Response>, stream: boolean, gone: AbortController): Promise<string> => {
  if (stream) {
    const reader = (await asking).body!.getReader()
    await reader.read()
    gone.abort()
    return reader.read().then(
      () => 'went on',
      () => 'upstream closed',
    )
  }
  asking.catch(() => undefined)
  await sleep(200)
  gone.abort()
  return asking.then(
    () => 'answered',
    () => 'upstream closed',
  )
}

/** `200`, or `200, then CODE` of a stream that broke. Throws when output was doubled or follows the end. */
const streamOutcome = (text: string): string => {
  const events = createSseDecoder()
    .push(Buffer.from(text))
    .filter(({ data }) => data !== undefined)
  const named = (name: string) => events.filter(({ event }) => event === name)
  if (named('start').length > 1 || named('end').length + named('error').length > 1)
    throw new Error(`a stream that was spliced or ended twice:\n${text.slice(0, 2000)}`)
  const [failure] = named('error')
  if (failure) return `200, then ${codeIn(failure.data!)}`
  return named('end').length === 1 ? '200' : '200, cut'
}
