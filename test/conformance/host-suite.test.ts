import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { hostSuite } from '../../src/conformance/host-suite.ts'
import type { Adapter, AdapterHost } from '../../src/core/adapter.ts'
import { resolveBackend } from '../../src/core/config.ts'
import { McpdError } from '../../src/core/errors.ts'
import type { InferenceEvent } from '../../src/core/inference.ts'
import { findCode } from '../../src/daemon/adapter-code.ts'
import { createModuleHost } from '../../src/daemon/hosts/module.ts'
import { optionsProblem } from '../../src/daemon/hosts/module-check.ts'

/** A suite that nothing fails proves nothing: each host here is the module host with one thing broken. */

type Host = Parameters<typeof hostSuite>[0]['host']

const adapterHost: AdapterHost = {
  name: 'subject',
  log: () => undefined,
  connect: () => {
    throw new Error('The fixture connects to nothing.')
  },
}
const waits = { queueMs: 1000, firstTokenMs: 1000, idleMs: 1000 }

const sound: Host = async (moduleUrl, options) => {
  const config = resolveBackend({ name: 'subject', adapter: moduleUrl, ...options }, waits)
  const code = await findCode(config, createModuleHost())
  const problem = code.options && optionsProblem({ type: code.type, options: code.options }, options)
  if (problem) throw new McpdError('CONFIG_INVALID', problem.message)
  return code.create(options, adapterHost)
}

type Break = (adapter: Adapter) => Partial<Adapter>

const broken =
  (how: Break): Host =>
  async (moduleUrl, options) => {
    const adapter = await sound(moduleUrl, options)
    return Object.assign(Object.create(adapter) as Adapter, how(adapter))
  }

const infer = (change: (adapter: Adapter) => Adapter['infer']): Host =>
  broken((adapter) => ({ infer: change(adapter) }))

const never = (): Promise<never> => new Promise(() => undefined)

/** How a host is broken, and the check that has to name it. */
const hosts: Readonly<Record<string, readonly [host: Host, check: string]>> = {
  'that does not start': [never, 'events come as they were sent, in order'],
  'that crashes on a request': [
    infer(
      () =>
        async function* () {
          yield* [] as InferenceEvent[]
          throw new Error('crashed')
        },
    ),
    'events come as they were sent, in order',
  ],
  'that hangs on a request': [
    infer(
      () =>
        async function* () {
          yield* [] as InferenceEvent[]
          await never()
        },
    ),
    'events come as they were sent, in order',
  ],
  'that hangs in the middle of an answer': [
    infer(
      (adapter) =>
        async function* (request) {
          for await (const event of adapter.infer(request)) {
            if (event.type === 'finish') await never()
            yield event
          }
        },
    ),
    'events come as they were sent, in order',
  ],
  'that floods: it reads on while its reader stands still': [
    infer((adapter) => (request) => readAhead(adapter.infer(request))),
    'a reader that stands still makes the adapter wait',
  ],
  'that lies: it swallows a letter': [
    infer(
      (adapter) =>
        async function* (request) {
          for await (const event of adapter.infer(request))
            yield event.type === 'text-delta' ? { ...event, text: event.text.slice(1) } : event
        },
    ),
    'events come as they were sent, in order',
  ],
  'that lies: it forges an end': [
    infer(
      (adapter) =>
        async function* (request) {
          try {
            yield* adapter.infer(request)
          } catch {
            yield { type: 'end' }
          }
        },
    ),
    'events out of order are BACKEND_ERROR, and one that never ends is BACKEND_INCOMPLETE',
  ],
  'that lies about its models': [
    broken(() => ({ models: () => Promise.resolve([]) })),
    'models, health, operations and metrics are the adapter’s own',
  ],
  // After a second it does, or this process would never end.
  'that leaks: an abort does not reach the adapter': [
    infer((adapter) => (request) => adapter.infer({ ...request, signal: AbortSignal.timeout(1000) })),
    'an abort is thrown as it is and reaches the adapter',
  ],
  'that leaks: what a client left goes on': [
    infer((adapter) => (request) => {
      const iterator = adapter.infer(request)[Symbol.asyncIterator]()
      return { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) }
    }),
    'leaving the loop stops the adapter',
  ],
  'that tells the words of a bug': [
    infer(
      (adapter) =>
        async function* (request) {
          try {
            yield* adapter.infer(request)
          } catch (error) {
            throw new McpdError('INTERNAL', (error as Error).message)
          }
        },
    ),
    'a bug is INTERNAL to the client, without its words',
  ],
  'that takes any options': [
    (moduleUrl) => sound(moduleUrl, {}),
    'options that break the schema are refused by name',
  ],
  'that serves on when it is closed': [
    broken(() => ({ close: () => Promise.resolve() })),
    'close() may be called twice, and requests fail cleanly afterwards',
  ],
  'that does not end': [broken(() => ({ close: never })), 'events come as they were sent, in order'],
  'that carries no management': [
    broken(() => ({ manage: undefined, describe: undefined })),
    'models are loaded, fetched, removed and described by the adapter, and by nothing else',
  ],
}

async function* readAhead(events: AsyncIterable<InferenceEvent>): AsyncGenerator<InferenceEvent> {
  const read: InferenceEvent[] = []
  let isOver = false
  const reading = (async () => {
    for await (const event of events) read.push(event)
  })().finally(() => (isOver = true))
  reading.catch(() => undefined)
  while (!isOver || read.length > 0) {
    const event = read.shift()
    if (event) yield event
    else await setImmediate()
  }
  await reading
}

describe('the host suite', () => {
  it.each(Object.entries(hosts))('fails a host %s', async (_, [host, named]) => {
    const check = hostSuite({ host, stepMs: 400 }).find(({ name }) => name === named)
    // What is broken goes on for no longer than its test.
    const controller = new AbortController()
    try {
      await expect(check?.run(controller.signal)).rejects.toThrow()
    } finally {
      controller.abort()
    }
  })

  it('passes that host when it is not broken', async () => {
    const names = new Set(Object.values(hosts).map(([, name]) => name))
    const checks = hostSuite({ host: sound }).filter(({ name }) => names.has(name))
    expect(checks).toHaveLength(names.size)
    for (const { run } of checks) await run(new AbortController().signal)
  })
})
