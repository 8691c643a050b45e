import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMcpdError, McpdError, toMcpdError } from '../core/errors.ts'
import { fold } from '../core/fold.ts'
import type { InferenceEvent } from '../core/inference.ts'
import { type Check, within } from './check.ts'
import {
  hostFixtureUrl,
  type HostSuiteOptions,
  refusalOf,
  type SessionCheck,
  stepMsDefault,
  withSession,
} from './host-session.ts'
import { newChat, newRequest } from './request.ts'

/** Everything that must be the same wherever an adapter runs: in the daemon or in a process of its own. */
export const hostSuite = (options: HostSuiteOptions): readonly Check[] => [
  ...[...passing, ...(options.manages === false ? [] : managing), ...stopping, ...failing].map(
    ({ name, body }) => ({
      name,
      run: (signal: AbortSignal) => withSession(options, body, signal),
    }),
  ),
  ...startChecks(options),
]

const passing: readonly SessionCheck[] = [
  {
    name: 'events come as they were sent, in order',
    body: async ({ run }) => {
      assert.deepEqual(await Array.fromAsync(run('plain')), [
        { type: 'start', model: 'plain' },
        { type: 'text-delta', index: 0, text: 'hello there' },
        { type: 'finish', index: 0, reason: 'stop' },
        { type: 'end' },
      ])
    },
  },
  {
    name: 'a request arrives as it was sent',
    body: async ({ run }) => {
      const input = newChat('Hi', { extra: { kept: [1, null] } })
      const { id, principal, priority, stream } = {
        ...newRequest({ model: '', input }),
        priority: 'low' as const,
      }
      const { choices } = await fold(run('request', { id, principal, input, priority, stream }))
      const { id: arrivedId, ...arrived } = JSON.parse(choices[0]?.text ?? '') as Record<string, unknown>
      assert.equal(arrivedId, id)
      assert.deepEqual(
        { ...arrived, adapter: undefined },
        { model: 'request', principal, input, priority, stream, adapter: undefined },
      )
    },
  },
  {
    name: 'a whole answer is whole, and a stream to whoever asked for one',
    body: async ({ run }) => {
      const [whole] = await Array.fromAsync(run('whole', { stream: false }))
      assert.equal(whole?.type, 'whole')
      assert.equal(whole.response().choices[0]?.text, 'all')
      assert.deepEqual(whole.usage, { inputTokens: 1, outputTokens: 2 })
      const events = await Array.fromAsync(run('whole', { stream: true }))
      assert.deepEqual(
        events.map(({ type }) => type),
        ['start', 'text-delta', 'finish', 'usage', 'end'],
      )
    },
  },
  {
    name: 'warnings are in the trace before the event that they came before',
    body: async ({ run }) => {
      const { trace } = newRequest({ model: '', input: newChat('Hi') })
      const seen: string[][] = []
      for await (const _ of run('warn', { trace })) seen.push([...trace.warnings])
      assert.deepEqual(seen.slice(0, 2), [['first'], ['first', 'second']])
    },
  },
  {
    name: 'models, health, operations and metrics are the adapter’s own',
    body: async ({ adapter, run, counts }) => {
      await Array.fromAsync(run('plain'))
      const { signal } = new AbortController()
      assert.deepEqual(await adapter.models(signal), [
        { name: 'plain', operations: ['chat'], contextLength: 4096 },
      ])
      assert.deepEqual(await adapter.health(signal), { ok: true, version: '1' })
      assert.deepEqual([...adapter.operations], ['chat'])
      assert.deepEqual([...adapter.uses], ['POST /chat'])
      const { sent } = await counts()
      assert.equal((await adapter.metrics?.(signal))?.['requests_sent'], sent)
    },
  },
]

const managing: readonly SessionCheck[] = [
  {
    name: 'models are loaded, fetched, removed and described by the adapter, and by nothing else',
    body: async ({ adapter: { manage, describe } }) => {
      assert.ok(manage?.load && manage.pull && manage.remove && describe, 'it carries no manage or describe')
      assert.ok(!('unload' in manage), 'it carries an unload that nobody has')
      const { signal } = new AbortController()
      await manage.load('a', signal, '10m')
      assert.deepEqual(await Array.fromAsync(manage.pull('b', signal)), [
        { status: 'pulling', totalBytes: 2, completedBytes: 1 },
        { status: 'success' },
      ])
      await manage.remove('c', signal)
      assert.deepEqual(await describe('d', signal), {
        dialect: 'fixture',
        body: { model: 'd', managed: ['load a 10m', 'pull b', 'remove c'] },
      })
    },
  },
  {
    name: 'what managing throws keeps its code, also in the middle of a pull',
    body: async ({ adapter: { manage } }) => {
      const { signal } = new AbortController()
      assert.equal((await refusalOf(manage!.load!('unknown', signal))).code, 'MODEL_NOT_FOUND')
      const pulls = Array.fromAsync(manage!.pull!('broken', signal))
      assert.equal((await refusalOf(pulls)).code, 'BACKEND_ERROR')
    },
  },
]

const stopping: readonly SessionCheck[] = [
  {
    name: 'an abort is thrown as it is and reaches the adapter',
    body: async ({ run, counts, until }) => {
      const before = (await counts()).aborted
      const controller = new AbortController()
      const reason = new McpdError('CANCELLED', 'The client went away.')
      const iterator = run('endless', { signal: controller.signal })[Symbol.asyncIterator]()
      await iterator.next()
      await iterator.next()
      controller.abort(reason)
      assert.equal(await thrownBy(iterator), reason)
      await until('the adapter was not aborted', async () => (await counts()).aborted > before)
    },
  },
  {
    name: 'leaving the loop stops the adapter',
    body: async ({ run, counts, until }) => {
      const before = await counts()
      const iterator = run('endless')[Symbol.asyncIterator]()
      await iterator.next()
      await iterator.next()
      await iterator.return?.()
      await until('the adapter went on', async () => {
        const { aborted, left } = await counts()
        return aborted + left > before.aborted + before.left
      })
    },
  },
  {
    name: 'a reader that stands still makes the adapter wait',
    body: async ({ run, counts, until }) => {
      const iterator = run('endless')[Symbol.asyncIterator]()
      await iterator.next()
      await iterator.next()
      let before = -1
      await until('the adapter never stopped sending', async () => {
        const { sent } = await counts()
        const same = sent === before
        before = sent
        return same
      })
      await iterator.return?.()
    },
  },
  {
    name: 'close() may be called twice, and requests fail cleanly afterwards',
    body: async ({ adapter, textOf }) => {
      await adapter.close()
      await adapter.close()
      const error = await textOf('plain').catch((thrown: unknown) => thrown)
      assert.ok(isMcpdError(error), 'it was answered, or failed with something else')
      assert.equal(error.code, 'BACKEND_UNAVAILABLE')
    },
  },
]

const failing: readonly SessionCheck[] = [
  {
    name: 'an error keeps its code, words and details',
    body: async ({ textOf }) => {
      const error = await refusalOf(textOf('refuse'))
      assert.deepEqual([error.code, error.message, error.status], ['RATE_LIMITED', 'Slowly.', 429])
      assert.deepEqual(error.details, { retryAfterSeconds: 7, suggestions: ['Wait.'] })
    },
  },
  {
    name: 'a bug is INTERNAL to the client, without its words',
    body: async ({ textOf }) => {
      const { code, message } = toMcpdError(await textOf('bug').catch((thrown: unknown) => thrown))
      assert.equal(code, 'INTERNAL')
      assert.ok(!message.includes('secret'), message)
    },
  },
  {
    name: 'a refusal of validate() is BAD_REQUEST',
    body: async ({ textOf }) => {
      const { code, message } = await refusalOf(textOf('invalid'))
      assert.deepEqual([code, message], ['BAD_REQUEST', 'That is invalid.'])
    },
  },
  {
    name: 'events out of order are BACKEND_ERROR, and one that never ends is BACKEND_INCOMPLETE',
    body: async ({ textOf }) => {
      for (const model of ['headless', 'twice'])
        assert.equal((await refusalOf(textOf(model))).code, 'BACKEND_ERROR', model)
      assert.equal((await refusalOf(textOf('endless-end'))).code, 'BACKEND_INCOMPLETE')
    },
  },
]

const startChecks = ({ host, stepMs = stepMsDefault }: HostSuiteOptions): readonly Check[] => {
  const refused = async (url: string, options: object, words: RegExp): Promise<void> => {
    const made = host(url, options).then((adapter) => adapter.close())
    const error = await within(stepMs, 'refusing a module', refusalOf(made))
    assert.equal(error.code, 'CONFIG_INVALID', `refused with ${error.code}: ${error.message}`)
    assert.match(error.message, words)
  }
  const broken: readonly (readonly [what: string, text: string, words: RegExp])[] = [
    ['with a syntax error', 'export default {', /cannot be imported/],
    ['that throws', 'throw new Error("Nothing here works.")', /Nothing here works/],
    ['without a default export', 'export const type = "x"', /no default export/],
    ['without create()', 'export default { type: "x", options: {} }', /create/],
    [
      'of another specVersion',
      'export default { type: "x", create: () => ({ specVersion: 2, operations: ["chat"], infer() {}, models() {}, health() {}, close: async () => {} }) }',
      /specVersion 2/,
    ],
  ]
  return [
    {
      name: 'options that break the schema are refused by name',
      run: () => refused(hostFixtureUrl, { greetnig: 'hi' }, /greetnig/),
    },
    {
      name: 'a module that is not there is refused',
      run: () => refused('file:///no/such/adapter.mjs', {}, /adapter\.mjs/),
    },
    ...broken.map(([what, text, words]) => ({
      name: `a module ${what} is refused with the reason`,
      run: () => withModule(text, (url) => refused(url, {}, words)),
    })),
  ]
}

const withModule = async (text: string, use: (url: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'mcpd-host-'))
  try {
    const path = join(folder, 'adapter.mjs')
    await writeFile(path, text)
    await use(pathToFileURL(path).href)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const thrownBy = async (iterator: AsyncIterator<InferenceEvent>): Promise<unknown> => {
  try {
    while (!(await iterator.next()).done);
    return undefined
  } catch (error) {
    return error
  }
}
