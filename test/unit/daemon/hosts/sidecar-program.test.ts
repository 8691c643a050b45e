import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { newChat, newRequest } from '../../../../src/conformance/request.ts'
import { fold } from '../../../../src/core/fold.ts'
import {
  hostInSidecar,
  type SidecarAdapter,
  type SidecarSettings,
} from '../../../../src/daemon/hosts/sidecar.ts'

/** A program of anybody's: whatever it does wrong, requests get a clear error, and it is back by itself. */

const program = fileURLToPath(new URL('../../../../fixtures/sidecar-stand-in.ts', import.meta.url))
const patience = { timeout: 20_000, interval: 20 }
const { signal } = new AbortController()
const running: SidecarAdapter[] = []
let logged: { level: string; message: string }[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((adapter) => adapter.close()))
  logged = []
})

const start = (options: object = {}, settings: SidecarSettings = {}): SidecarAdapter => {
  const adapter = hostInSidecar(
    { type: 'program' },
    options,
    {
      name: 'subject',
      log: (level, message) => logged.push({ level, message }),
      connect: () => {
        throw new Error('not used')
      },
    },
    {
      command: [process.execPath, program],
      ...settings,
      limits: { restartFirstMs: 1, restartMaxMs: 1, ...settings.limits },
    },
  )
  running.push(adapter)
  return adapter
}

const ask = (adapter: SidecarAdapter, model: string, stream = true) =>
  fold(adapter.infer(newRequest({ model, input: newChat('Hi'), stream, signal })))

const answers = async (adapter: SidecarAdapter): Promise<void> =>
  vi.waitFor(async () => {
    expect((await ask(adapter, 'stand-in')).choices[0]?.text).toBe('Hi')
  }, patience)

const saysOf = (words: RegExp) => expect.stringMatching(words) as string

describe('a program', () => {
  it('serves', async () => {
    const adapter = start()
    await answers(adapter)
    expect(adapter.operations).toEqual(['chat'])
    expect(await adapter.health(signal)).toEqual({ ok: true })
    expect(await adapter.metrics?.(signal)).toMatchObject({ received: 1, restarts: 0 })
    expect((await adapter.metrics?.(signal))?.['resident_bytes']).toBeGreaterThan(2 ** 20)
  })

  it('gets no keys of the daemon in its environment, but what the config says', async () => {
    vi.stubEnv('MCPD_API_KEY', 'hunter2')
    const adapter = start(
      {},
      {
        command: [
          process.execPath,
          '-e',
          'console.error(JSON.stringify({level:"warn",message:`${process.env.MCPD_API_KEY} ${process.env.OWN}`}));setTimeout(()=>{},1e6)',
        ],
        env: { OWN: 'mine' },
      },
    )
    await vi.waitFor(() => expect(logged[0]?.message).toBe('undefined mine'), patience)
    vi.unstubAllEnvs()
    await adapter.close()
  })

  it('that is not there is told, and tried again', async () => {
    const adapter = start({}, { command: ['/no/such/program'] })
    await vi.waitFor(async () => {
      expect(await adapter.health(signal)).toMatchObject({ ok: false, detail: saysOf(/ENOENT/) })
    }, patience)
  })

  it('that ends at once is told with its last words', async () => {
    const adapter = start({ fail: 'exit' })
    await vi.waitFor(async () => {
      expect(await adapter.health(signal)).toMatchObject({
        ok: false,
        detail: saysOf(/exit code 3: There is nothing to do/),
      })
    }, patience)
  })

  it('that never can is not started again', async () => {
    const adapter = start({ fail: 'never' })
    await expect(adapter.ready).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: 'It never can.' })
    await expect(ask(adapter, 'stand-in')).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
    expect((await adapter.metrics?.(signal))?.['restarts']).toBe(0)
  })
})

describe('a program that lies', () => {
  it('about what it is, is ended and started again', async () => {
    const adapter = start({ fail: 'lie' })
    await vi.waitFor(async () => {
      expect(await adapter.health(signal)).toMatchObject({
        ok: false,
        detail: saysOf(/wrong answer to GET \/capabilities/),
      })
    }, patience)
  })

  it.each([
    ['lie-models', (adapter: SidecarAdapter) => adapter.models(signal)],
    ['lie-health', (adapter: SidecarAdapter) => adapter.health(signal)],
  ] as const)('with %s is not believed', async (fail, look) => {
    const adapter = start({ fail })
    await adapter.ready
    const said = await look(adapter).catch((error: Error) => error.message)
    expect(JSON.stringify(said)).toMatch(/wrong answer to GET/)
  })

  it.each([
    ['malformed-line', 'BACKEND_ERROR', /not JSON/],
    ['unknown-line', 'BACKEND_ERROR', /unknown type: song/],
    ['wrong-line', 'BACKEND_ERROR', /wrong text-delta: index/],
    ['headless', 'BACKEND_ERROR', /before its start/],
    ['empty', 'BACKEND_INCOMPLETE', /without an end/],
    ['end-without-end', 'BACKEND_INCOMPLETE', /without an end/],
    ['500', 'BACKEND_ERROR', /POST \/infer with 500/],
    ['cut-mid-stream', 'BACKEND_INCOMPLETE', /broke its answer off/],
  ])('by %s is found out, and serves on', async (fault, code, words) => {
    const adapter = start()
    for (const stream of [true, false])
      await expect(ask(adapter, `fault/${fault}`, stream)).rejects.toMatchObject({
        code,
        message: saysOf(words),
      })
    await answers(adapter)
    expect((await adapter.metrics?.(signal))?.['restarts']).toBe(0)
  })
})

describe('a program that floods', () => {
  it('its answer is cut off at the largest that is taken', async () => {
    const adapter = start()
    await expect(ask(adapter, 'fault/huge')).rejects.toMatchObject({ code: 'BACKEND_ERROR' })
    await expect(ask(adapter, 'fault/endless', false)).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      message: saysOf(/is over/),
    })
    await answers(adapter)
  })

  it('with warnings leaves a bounded number', async () => {
    const request = newRequest({ model: 'fault/many-warnings', input: newChat('Hi'), stream: true, signal })
    await fold(start().infer(request))
    expect(request.trace.warnings).toHaveLength(64)
  })

  it('its log leaves a bounded number of lines', async () => {
    const adapter = start({ fail: 'flood' }, { limits: { logLinesMax: 5 } })
    await adapter.ready
    await vi.waitFor(() => {
      expect(logged.some(({ message }) => /\d+ lines of its log were left out/.test(message))).toBe(true)
    }, patience)
    await answers(adapter)
    expect(logged.length).toBeLessThan(1000)
  })
})

describe('a program that fails', () => {
  it('by crashing is started again', async () => {
    const adapter = start()
    await expect(ask(adapter, 'fault/crash')).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
    await answers(adapter)
    expect((await adapter.metrics?.(signal))?.['restarts']).toBeGreaterThan(0)
  })

  it('by hanging is ended and started again', async () => {
    const adapter = start({}, { limits: { pingEveryMs: 50, pingMaxMs: 1000 } })
    await expect(ask(adapter, 'fault/hang')).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
    await answers(adapter)
    expect(logged.map(({ message }) => message)).toContainEqual(saysOf(/hung and was ended/))
  })

  it('by leaking is ended at its limit and started again', async () => {
    const adapter = start({}, { memoryMaxBytes: 400 * 2 ** 20, limits: { memoryEveryMs: 50 } })
    await expect(ask(adapter, 'fault/leak')).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
    await answers(adapter)
    expect(logged.map(({ message }) => message)).toContainEqual(saysOf(/MB of memory and may take 400 MB/))
  })

  it('and its children end with it', async () => {
    const script =
      'setInterval(() => {}, 1000); console.log(JSON.stringify({ level: "info", message: String(process.pid) }))'
    const adapter = start(
      {},
      { command: ['/bin/sh', '-c', `"$0" -e '${script}' & "$0" "$1"`, process.execPath, program] },
    )
    await answers(adapter)
    await vi.waitFor(() => expect(logged[0]?.message).toMatch(/^\d+$/), patience)
    const pid = Number(logged[0]?.message)
    await adapter.close()
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), patience)
  })
})
