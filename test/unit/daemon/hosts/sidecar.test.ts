import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { newChat, newRequest } from '../../../../src/conformance/request.ts'
import { McpdError } from '../../../../src/core/errors.ts'
import { fold } from '../../../../src/core/fold.ts'
import type { InferenceEvent } from '../../../../src/core/inference.ts'
import {
  hostInSidecar,
  type SidecarAdapter,
  type SidecarSettings,
} from '../../../../src/daemon/hosts/sidecar.ts'

const patience = { timeout: 20_000, interval: 20 }
const open = new AbortController().signal

/** Each process of a sidecar connects here; the connection closes when the process is gone. */
let server: Server
let processes: Socket[]
let socketPaths: string[]
let logged: { level: string; message: string; fields?: object | undefined }[]
const running: SidecarAdapter[] = []

beforeEach(async () => {
  processes = []
  socketPaths = []
  logged = []
  server = createServer((socket) => {
    processes.push(socket)
    socket.on('error', () => undefined)
    socket.once('data', (path: Buffer) => socketPaths.push(path.toString()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterEach(async () => {
  await Promise.all(running.splice(0).map((adapter) => adapter.close()))
  server.close()
})

const port = (): number => (server.address() as AddressInfo).port

const host = (options: object = {}, limits: SidecarSettings['limits'] = {}): SidecarAdapter => {
  const adapter = hostInSidecar(
    { type: 'test' },
    { port: port(), ...options },
    {
      name: 'subject',
      log: (level, message, fields) => logged.push({ level, message, fields }),
      connect: () => {
        throw new Error('not used')
      },
    },
    { moduleUrl: new URL('./sidecar-adapter.ts', import.meta.url).href, limits },
  )
  running.push(adapter)
  return adapter
}

const ask = (model: string, signal: AbortSignal = open) =>
  newRequest({ model, input: newChat('Hi', { extra: { kept: [1, null] } }), stream: true, signal })

const textOf = async (adapter: SidecarAdapter, model: string): Promise<string> =>
  (await fold(adapter.infer(ask(model)))).choices[0]?.text ?? ''

const counts = async (adapter: SidecarAdapter) =>
  JSON.parse(await textOf(adapter, 'counts')) as {
    aborted: number
    sent: number
    argv: string[]
    pid: number
  }

/** Reads up to the first text and stays there. */
const firstText = async (adapter: SidecarAdapter, model: string, signal: AbortSignal = open) => {
  const iterator = adapter.infer(ask(model, signal))[Symbol.asyncIterator]()
  for (;;) {
    const { done, value } = await iterator.next()
    if (done) throw new Error('no text came')
    if (value.type === 'text-delta') return iterator
  }
}

describe('what passes through', () => {
  it('events come in order and without their frames', async () => {
    const seen: InferenceEvent[] = []
    for await (const event of host().infer(ask('plain'))) seen.push(event)
    expect(seen).toEqual([
      { type: 'start', model: 'plain' },
      { type: 'text-delta', index: 0, text: 'hello' },
      { type: 'finish', index: 0, reason: 'stop' },
      { type: 'end' },
    ])
  })

  it('the request arrives as it was, but for its frame', async () => {
    const request = {
      ...ask('request'),
      frame: { dialect: 'openai', bytes: Buffer.from('{}'), body: {} },
    }
    const { choices } = await fold(host().infer(request))
    const { id, principal, model, input, stream } = request
    expect(JSON.parse(choices[0]?.text ?? '')).toMatchObject({ id, principal, model, input, stream })
    expect(choices[0]?.text).not.toContain('openai')
  })

  it('a whole answer is whole again', async () => {
    const [event] = await Array.fromAsync(host().infer({ ...ask('whole'), stream: false }))
    expect(event).toMatchObject({ type: 'whole', usage: { inputTokens: 1, outputTokens: 2 } })
    expect(event?.type === 'whole' && event.response().choices[0]?.text).toBe('all')
  })

  it('warnings are in the trace before the event they came before', async () => {
    const request = ask('warn')
    const seen: number[] = []
    for await (const _ of host().infer(request)) seen.push(request.trace.warnings.length)
    expect(request.trace.warnings).toEqual(['first', 'second'])
    expect(seen[0]).toBe(1)
    expect(seen[1]).toBe(2)
  })

  it('errors keep their code, words and details', async () => {
    await expect(fold(host().infer(ask('refuse')))).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      message: 'Slowly.',
      details: { retryAfterSeconds: 7, suggestions: ['Wait.'] },
    })
  })

  it('a refusal of validate is BAD_REQUEST', async () => {
    await expect(fold(host().infer(ask('invalid')))).rejects.toMatchObject({
      code: 'BAD_REQUEST',
      message: 'That is invalid.',
    })
  })

  it('a bug shows in the log and not in the answer', async () => {
    const error: unknown = await fold(host().infer(ask('bug'))).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'INTERNAL' })
    expect((error as Error).message).not.toContain('secret')
    await vi.waitFor(() => {
      expect(JSON.stringify(logged)).toContain('a secret detail')
    }, patience)
  })

  it('models, health and capabilities are the adapter’s own', async () => {
    const adapter = host()
    expect(await adapter.models(open)).toEqual([{ name: 'demo', operations: ['chat'] }])
    expect(await adapter.health(open)).toEqual({ ok: true, version: '1' })
    await vi.waitFor(() => {
      expect(adapter.operations).toEqual(['chat'])
      expect(adapter.uses).toEqual(['POST /chat'])
    }, patience)
  })

  it('options are no arguments, and only the user can reach the socket', async () => {
    const { argv } = await counts(host({ secret: 'hunter2' }))
    const [socket = ''] = socketPaths
    expect(argv.join(' ')).toContain('--name subject')
    expect(argv.join(' ')).not.toContain('hunter2')
    if (process.platform !== 'win32') expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700)
  })
})

describe('stopping', () => {
  it('an abort is thrown as it is and aborts the adapter', async () => {
    const adapter = host()
    const controller = new AbortController()
    const iterator = await firstText(adapter, 'wait', controller.signal)
    const reason = new McpdError('CANCELLED', 'The client went away.')
    controller.abort(reason)
    await expect(iterator.next()).rejects.toBe(reason)
    await vi.waitFor(async () => {
      expect((await counts(adapter)).aborted).toBe(1)
    }, patience)
  })

  it('leaving the loop aborts the adapter', async () => {
    const adapter = host()
    const iterator = await firstText(adapter, 'wait')
    await iterator.return?.()
    await vi.waitFor(async () => {
      expect((await counts(adapter)).aborted).toBe(1)
    }, patience)
  })

  it('a reader that stands still stops the adapter, too', async () => {
    const adapter = host()
    const controller = new AbortController()
    const iterator = await firstText(adapter, 'flood', controller.signal)
    let before = -1
    await vi.waitFor(
      async () => {
        const { sent } = await counts(adapter)
        const same = sent === before
        before = sent
        expect(same).toBe(true)
      },
      { timeout: 20_000, interval: 200 },
    )
    controller.abort(new McpdError('CANCELLED', 'Enough.'))
    await expect(iterator.next()).rejects.toMatchObject({ message: 'Enough.' })
  })
})

describe('starting', () => {
  it('returns at once; requests and health wait for it', async () => {
    const adapter = host({ gated: true })
    const answer = textOf(adapter, 'plain')
    const health = adapter.health(open)
    await vi.waitFor(() => {
      expect(processes).toHaveLength(1)
    }, patience)
    processes[0]?.write('go\n')
    await adapter.ready
    expect(await answer).toBe('hello')
    expect(await health).toMatchObject({ ok: true })
  })

  it('a waiting request stops when its signal does, and health says what it waits for', async () => {
    const adapter = host({ gated: true })
    const controller = new AbortController()
    const reason = new McpdError('CANCELLED', 'Too slow.')
    const answer = fold(adapter.infer(ask('plain', controller.signal)))
    const health = adapter.health(controller.signal)
    controller.abort(reason)
    await expect(answer).rejects.toBe(reason)
    expect(await health).toMatchObject({ ok: false, detail: expect.stringContaining('starting') as string })
  })

  it('only so many may wait', async () => {
    const adapter = host({ gated: true }, { waitingMax: 1 })
    const controller = new AbortController()
    const first = fold(adapter.infer(ask('plain', controller.signal)))
    await expect(fold(adapter.infer(ask('plain')))).rejects.toMatchObject({ code: 'QUEUE_FULL' })
    controller.abort(new McpdError('CANCELLED', 'Done.'))
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  it('what can never work is said once and not tried again', async () => {
    const adapter = host({ fail: 'create' }, { restartFirstMs: 1, restartMaxMs: 1 })
    await expect(adapter.ready).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'The model is no model.',
    })
    for (let time = 0; time < 2; time++)
      await expect(fold(adapter.infer(ask('plain')))).rejects.toMatchObject({
        code: 'BACKEND_UNAVAILABLE',
        message: 'The model is no model.',
        details: { suggestions: ['Name one.'] },
      })
    expect(await adapter.health(open)).toEqual({ ok: false, detail: 'The model is no model. Name one.' })
    expect(logged.filter(({ message }) => message === 'The model is no model.')).toHaveLength(1)
    await adapter.close()
    expect(processes.length).toBeLessThanOrEqual(1)
  })

  it('a runtime that is missing stays RUNTIME_MISSING', async () => {
    const adapter = host({ fail: 'health' })
    await expect(adapter.ready).rejects.toMatchObject({ code: 'RUNTIME_MISSING' })
    await expect(fold(adapter.infer(ask('plain')))).rejects.toMatchObject({ code: 'RUNTIME_MISSING' })
  })

  it('a process that ends while starting is started again', async () => {
    const adapter = host({ fail: 'exit' }, { restartFirstMs: 1, restartMaxMs: 1 })
    await vi.waitFor(() => {
      expect(processes.length).toBeGreaterThan(2)
    }, patience)
    await adapter.close()
    await expect(adapter.ready).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
  })

  it('a module that cannot be imported is a mistake of the config', async () => {
    const adapter = hostInSidecar(
      { type: 'absent' },
      {},
      { name: 'absent', log: () => undefined, connect: () => ({}) as never },
      { moduleUrl: 'file:///no/such/module.js' },
    )
    await expect(adapter.ready).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await adapter.close()
  })
})

describe('crashing', () => {
  it('fails what was running and starts again', async () => {
    const adapter = host({}, { restartFirstMs: 1, restartMaxMs: 1 })
    const waiting = await firstText(adapter, 'wait')
    const { pid } = await counts(adapter)
    await expect(fold(adapter.infer(ask('crash')))).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: 'The test runtime crashed while it worked on the request.',
    })
    await expect(waiting.next()).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
    await vi.waitFor(async () => {
      expect(await textOf(adapter, 'plain')).toBe('hello')
    }, patience)
    expect((await counts(adapter)).pid).not.toBe(pid)
    expect(logged).toContainEqual(
      expect.objectContaining({ level: 'error', message: expect.stringContaining('SIGABRT') as string }),
    )
  })

  it('until it starts again requests fail at once and say when', async () => {
    const adapter = host({}, { restartFirstMs: 30_000 })
    await expect(fold(adapter.infer(ask('crash')))).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
    await vi.waitFor(async () => {
      await expect(fold(adapter.infer(ask('plain')))).rejects.toMatchObject({
        code: 'BACKEND_UNAVAILABLE',
        details: { retryAfterSeconds: 30 },
      })
    }, patience)
    expect(await adapter.health(open)).toMatchObject({
      ok: false,
      detail: expect.stringContaining('SIGABRT') as string,
    })
  })
})

describe('ending', () => {
  it('close ends the process, its requests and its socket, twice', async () => {
    const adapter = host()
    const waiting = await firstText(adapter, 'wait')
    const [socket = ''] = socketPaths
    const left = once(processes[0] ?? server, 'close')
    await adapter.close()
    await adapter.close()
    await left
    expect(existsSync(dirname(socket))).toBe(false)
    await expect(waiting.next()).rejects.toMatchObject({ message: 'The test runtime is closed.' })
    await expect(fold(adapter.infer(ask('plain')))).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
  })

  it('close before it is ready leaves nothing behind', async () => {
    const adapter = host({ gated: true })
    await adapter.close()
    await expect(adapter.ready).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
    expect(processes.length).toBeLessThanOrEqual(1)
  })

  it('a process that does not listen is killed', async () => {
    const adapter = host({}, { stopMs: 50 })
    await firstText(adapter, 'hang')
    const left = once(processes[0] ?? server, 'close')
    await adapter.close()
    await left
  })

  it('a process whose daemon was killed ends itself and takes its socket along', async () => {
    const parent = spawn(process.execPath, [
      fileURLToPath(new URL('./sidecar-parent.ts', import.meta.url)),
      String(port()),
    ])
    await vi.waitFor(() => {
      expect(socketPaths).toHaveLength(1)
    }, patience)
    const left = once(processes[0] ?? server, 'close')
    parent.kill('SIGKILL')
    await left
    await vi.waitFor(() => {
      expect(existsSync(dirname(socketPaths[0] ?? ''))).toBe(false)
    }, patience)
  })
})
