import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'

/** The command line and the daemon as processes of their own, as a user has them. */

const mcpd = fileURLToPath(new URL('../../bin/dev.js', import.meta.url))

let folder: string
let backend: OpenAiStandIn
let running: (PromiseLike<unknown> & { kill(signal: 'SIGKILL'): boolean })[]
/** Processes that a killed command line would leave behind. */
let daemons: number[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcpd-'))
  backend = await startOpenAiStandIn({ tokens: 20, tokenDelayMs: 20 })
  running = []
  daemons = []
  await configure(`backends: [{ name: b, adapter: openai, url: "${backend.url}" }]`)
})
afterEach(async () => {
  for (const child of running) child.kill('SIGKILL')
  for (const pid of daemons)
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended, as it should.
    }
  await Promise.allSettled(running)
  await backend.close()
  await rm(folder, { recursive: true, force: true })
})

const configure = (text: string): Promise<void> => writeFile(join(folder, 'mcpd.yaml'), text)

const run = (args: readonly string[], env: Record<string, string> = {}) => {
  const child = execa(process.execPath, [mcpd, ...args], {
    cwd: folder,
    env: { MCPD_STATE_DIR: join(folder, 'state'), NO_COLOR: '1', ...env },
    extendEnv: true,
    reject: false,
    stdin: 'ignore',
  })
  running.push(child)
  return child
}

/** Starts `mcpd serve` in the foreground and waits for its first line. */
const serve = async (...flags: readonly string[]) => {
  const child = run(['serve', '--port', '0', '--json', ...flags])
  const line = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (data) => {
      text += String(data)
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')))
    })
    void child.then(({ stderr }) => reject(new Error(`the daemon did not start: ${stderr}`)))
  })
  const { url, pid } = JSON.parse(line) as { url: string; pid: number }
  daemons.push(pid)
  return { child, url, pid }
}

const chat = (url: string, stream: boolean) =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'stand-in', stream, messages: [{ role: 'user', content: 'words 20' }] }),
  })

describe('a daemon', () => {
  it('says where it is once it serves, and stops on request', async () => {
    const { child, url, pid } = await serve()
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    const status = await run(['status', '--json'])
    expect(JSON.parse(status.stdout)).toMatchObject({
      pid,
      url,
      backends: [{ name: 'b', health: { ok: true } }],
    })
    const stopped = await run(['stop'])
    expect(stopped.exitCode).toBe(0)
    expect((await child).exitCode).toBe(0)
    expect((await run(['status'])).exitCode).toBe(3)
  })

  it('keeps others out of its state directory until it is gone, even by a crash', async () => {
    const first = await serve()
    const second = await run(['serve', '--port', '0'])
    expect(second.exitCode).toBe(2)
    expect(second.stderr).toContain(String(first.pid))
    process.kill(first.pid, 'SIGKILL')
    await first.child
    const third = await serve()
    expect(third.pid).not.toBe(first.pid)
  })

  it('keeps its token and socket to its user', async () => {
    await serve()
    for (const name of ['admin.token', 'admin.sock', 'log.jsonl'])
      expect((await stat(join(folder, 'state', name))).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'state'))).mode & 0o777).toBe(0o700)
  })

  it('finishes what runs when it is told to stop, and takes nothing new', async () => {
    const { child, url, pid } = await serve()
    const streaming = await chat(url, true)
    const reader = streaming.body!.getReader()
    await reader.read()
    process.kill(pid, 'SIGTERM')
    // An open connection is still answered, with a refusal.
    await expect
      .poll(async () => {
        const answer = await chat(url, false).catch(() => undefined)
        return answer === undefined || answer.status
      })
      .not.toBe(200)
    let rest = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      rest += Buffer.from(value).toString()
    }
    expect(rest).toContain('[DONE]')
    expect((await child).exitCode).toBe(0)
  })

  it('ends streams that outlive its patience with an error', async () => {
    await configure(
      `{ shutdown: { drain: 100ms }, backends: [{ name: b, adapter: openai, url: "${backend.url}", models: [fault/stall] }] }`,
    )
    const { child, url, pid } = await serve()
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"model":"fault/stall","stream":true,"messages":[{"role":"user","content":"hi"}]}',
    })
    process.kill(pid, 'SIGTERM')
    const text = await answer.text()
    expect(text).toContain('shutting_down')
    expect(text).not.toContain('[DONE]')
    expect((await child).exitCode).toBe(0)
  })

  it('leaves Ctrl-C clean', async () => {
    const { child, pid } = await serve()
    process.kill(pid, 'SIGINT')
    expect((await child).exitCode).toBe(0)
    await expect(readFile(join(folder, 'state', 'daemon.json'))).rejects.toThrow()
  })

  it('goes with the command that was to watch it', async () => {
    const { child, url } = await serve()
    child.kill('SIGKILL')
    await child
    await expect
      .poll(() =>
        fetch(`${url}/healthz`).then(
          () => 'there',
          () => 'gone',
        ),
      )
      .toBe('gone')
  })

  it('runs on its own with --detach', async () => {
    const started = await run(['serve', '--port', '0', '--detach', '--json'])
    expect(started.exitCode).toBe(0)
    const { url, pid } = JSON.parse(started.stdout) as { url: string; pid: number }
    try {
      expect((await fetch(`${url}/healthz`)).status).toBe(200)
    } finally {
      expect((await run(['stop'])).exitCode).toBe(0)
    }
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
    expect(pid).toBeGreaterThan(1)
  })

  it('takes a changed config without missing a request, and no bad one', async () => {
    const { url } = await serve()
    const names = async () =>
      ((await (await fetch(`${url}/mcp/v1/models`)).json()) as { models: { backend: string }[] }).models.map(
        ({ backend }) => backend,
      )
    expect(new Set(await names())).toEqual(new Set(['b']))
    const streaming = await chat(url, true)
    await configure(`backends: [{ name: c, adapter: openai, url: "${backend.url}" }]`)
    await expect.poll(async () => new Set(await names())).toEqual(new Set(['c']))
    expect(await streaming.text()).toContain('[DONE]')
    await configure('backends: [{ name: c, adapter: nonsense }]')
    const log = () => readFile(join(folder, 'state', 'log.jsonl'), 'utf8')
    await expect.poll(log).toContain('mcpd.yaml:1: there is no adapter')
    expect((await chat(url, false)).status).toBe(200)
  })
})

describe('a daemon that cannot start', () => {
  it.each([
    [['--host', '0.0.0.0'], 2, /without a key/],
    [['--config', 'nowhere.yaml'], 2, /does not exist/],
    [['--model', 'nowhere.gguf'], 2, /nowhere\.gguf/],
    [['--model', 'mcpd.yaml'], 2, /GGUF/],
    [['--log-level', 'loud'], 2, /trace, debug/],
  ])('%j exits %i and says why', async (flags, exit, message) => {
    const result = await run(['serve', '--port', '0', ...flags])
    expect([result.exitCode, result.stderr]).toEqual([exit, expect.stringMatching(message)])
  })

  it('names the port that is taken', async () => {
    const { port } = new URL(backend.url)
    const result = await run(['serve', '--port', port])
    expect([result.exitCode, result.stderr]).toEqual([2, expect.stringContaining(port)])
  })
})

describe('a conversation on the command line', () => {
  it('streams an answer, takes a piped prompt, and speaks JSON', async () => {
    const { url } = await serve()
    const env = { MCPD_URL: url }
    const plain = await run(['chat', 'stand-in', 'hello there'], env)
    expect([plain.exitCode, plain.stdout.length > 0]).toEqual([0, true])
    const json = await run(['chat', 'b/stand-in', 'hello there', '--json'], env)
    expect(JSON.parse(json.stdout)).toMatchObject({ backend: 'b', output: { role: 'assistant' } })
    const embedded = await run(['embed', 'stand-in', 'hello', '--json'], env)
    expect(JSON.parse(embedded.stdout)).toMatchObject({
      output: { embeddings: [expect.any(Array) as number[]] },
    })
    const missing = await run(['chat', 'nothing', 'hello', '--json'], env)
    expect(missing.exitCode).toBe(2)
    expect(JSON.parse(missing.stdout)).toMatchObject({ error: { code: 'MODEL_NOT_FOUND' } })
  })
})
