import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { documentOf, operationsNamed, scratch } from '../harness/crawl.ts'
import { startTestDaemon } from '../harness/daemon.ts'
import { serve } from '../harness/http-server.ts'
import { startCommand } from '../unit/commands/run-command.ts'

/** A user's command lines in a folder of their own. */
const user = (stateDir = scratch()) => {
  const cwd = scratch()
  const run = async (...words: string[]) => {
    const { exitCode, stdout, stderr } = await startCommand(words, {
      cwd,
      timeout: 60_000,
      env: { MCPD_STATE_DIR: stateDir },
    })
    return { code: exitCode, out: String(stdout), err: String(stderr) }
  }
  const json = async (...words: string[]) => {
    const { code, out } = await run(...words, '--json')
    return { code, json: JSON.parse(out) as Record<string, unknown> }
  }
  return { cwd, stateDir, run, json }
}

const daemon = async (config: string) => {
  const started = await startTestDaemon(config)
  onTestFinished(() => started.close())
  return started
}

describe('mcpd crawl', () => {
  it("fetches the daemon's own document, over its socket and once", async () => {
    const { stateDir } = await daemon('backends: []\n')
    const { json, run } = user(stateDir)
    expect(await json('crawl')).toMatchObject({
      code: 0,
      json: { failed: 0, specs: [{ name: 'mcpd', outcome: 'first' }] },
    })
    expect(await json('crawl')).toMatchObject({
      code: 0,
      json: { specs: [{ name: 'mcpd', outcome: 'unchanged' }] },
    })
    expect((await run('spec', 'list')).out).toContain('mcpd')
    expect(JSON.parse((await run('spec', 'export', 'mcpd')).out)).toMatchObject({ openapi: '3.1.0' })
    expect((await run('spec', 'health', 'mcpd')).code).toBe(0)
  })

  it('fetches from backends that only the running daemon knows', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/openapi.json') response.end(JSON.stringify(documentOf(['GET /gpu'])))
      else response.writeHead(404).end('{}')
    })
    const { stateDir } = await daemon(`backends: [{ name: gpu, adapter: openai, url: ${url}/v1 }]\n`)
    expect(await user(stateDir).json('crawl')).toMatchObject({
      code: 0,
      json: { specs: [{ name: 'gpu', outcome: 'first' }, { name: 'mcpd' }] },
    })
  })

  it('fetches everything of the config into its store; one failure is exit 3', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/gpu/openapi.json') response.end(JSON.stringify(documentOf(['GET /gpu'])))
      else if (request.url === '/one.json') response.end(JSON.stringify(documentOf(['GET /one'])))
      else response.writeHead(404).end()
    })
    const { cwd, json, run } = user()
    writeFileSync(
      join(cwd, 'mcpd.yaml'),
      `backends: [{ name: gpu, adapter: openai, url: ${url}/gpu/v1 }, { name: mute, adapter: ollama, url: ${url} }]
specs:
  store: kept
  sources:
    - { name: one, url: ${url}/one.json }
    - { name: file, file: local.yaml }
`,
    )
    const first = await json('crawl')
    expect(first).toMatchObject({
      code: 3,
      json: {
        failed: 1,
        store: join(cwd, 'kept'),
        specs: [
          { name: 'one', outcome: 'first' },
          { name: 'file', outcome: 'failed', problem: { code: 'SOURCE_FAILED' } },
          { name: 'gpu', outcome: 'first' },
          { name: 'mute', outcome: 'nothing' },
        ],
      },
    })
    expect((await run('crawl', '--allow-failures')).code).toBe(0)
    expect(await json('crawl', 'one', 'gpu')).toMatchObject({ code: 0, json: { failed: 0 } })
    expect((await run('crawl', 'onne')).err).toContain('Did you mean one?')
  })

  it('takes a history, and accepts versions', async () => {
    const { cwd, json, run } = user()
    const git = (...words: string[]) =>
      execa('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...words], { cwd })
    await git('init', '-q')
    for (const count of [3, 2, 4]) {
      writeFileSync(join(cwd, 'api.json'), JSON.stringify(documentOf(operationsNamed(count))))
      await git('add', '.')
      await git('commit', '-q', '-m', `with ${count}`)
    }
    expect(await json('crawl', 'HEAD:api.json', '--history')).toMatchObject({
      code: 0,
      json: { specs: [{ name: 'api', outcome: 'first', stored: 3 }] },
    })
    expect(await json('spec', 'history', 'api')).toMatchObject({
      json: { accepted: 1, versions: [{ operations: 3 }, { operations: 2 }, { operations: 4 }] },
    })
    expect((await run('spec', 'accept', 'api@2', '--reason', 'in production')).out).toContain('api @2')
    expect(await json('spec', 'show', 'api@accepted')).toMatchObject({
      json: { accepted: true, version: { number: 2, commit: { subject: 'with 2' } } },
    })
    expect((await run('spec', 'accept', 'api')).code).toBe(2)
    expect((await run('spec', 'show', 'api@77')).code).toBe(2)
  })

  it('takes no secret that would show in the process list', async () => {
    const { run } = user()
    const { code, err } = await run('crawl', 'http://127.0.0.1:1/x', '--token-from', 'hunter2')
    expect(code).toBe(2)
    expect(err).not.toContain('hunter2')
  })
})

describe('mcpd crawl && mcpd diff', () => {
  it("has nothing to compare when the daemon's own document was seen once", async () => {
    const { stateDir } = await daemon('backends: []\n')
    const { run } = user(stateDir)
    expect((await run('crawl')).code).toBe(0)
    const { code, out } = await run('diff')
    expect(code).toBe(0)
    expect(out).toContain('first version, nothing to compare')
  })

  it('compares what is accepted with the newest of a git history', async () => {
    const { cwd, run, json } = user()
    const git = (...words: string[]) =>
      execa('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...words], { cwd })
    await git('init', '-q')
    for (const operations of [['GET /a'], ['GET /a', 'GET /b'], ['GET /b']]) {
      writeFileSync(join(cwd, 'api.json'), JSON.stringify(documentOf(operations)))
      await git('add', '.')
      await git('commit', '-q', '-m', operations.join(' '))
    }
    expect((await run('crawl', 'HEAD:api.json', '--history')).code).toBe(0)
    expect(await json('diff')).toMatchObject({ code: 1, json: { verdict: 'breaking' } })
    expect(await json('diff', 'api@1', 'api@2')).toMatchObject({ code: 0, json: { verdict: 'safe' } })
    expect((await run('spec', 'accept', 'api', '--reason', 'clients were told')).code).toBe(0)
    expect(await json('diff')).toMatchObject({ code: 0, json: { verdict: 'none' } })
  })
})

describe('the daemon', () => {
  it('watches what has a time, and believes a removal at the second sight', async () => {
    // How many operations the next answers have; the last one stays.
    let next = [4]
    const { url, requests } = await serve((_, response) => {
      const count = next.length > 1 ? next.shift()! : next[0]!
      response.end(JSON.stringify(documentOf(operationsNamed(count))))
    })
    const { fetch } = await daemon(
      `backends: []\nspecs: { every: 50ms, sources: [{ name: api, url: "${url}/openapi.json" }, { name: other, file: x.json }] }\n`,
    )
    const spec = async () => (await (await fetch('/mcp/v1/specs/api')).json()) as Record<string, unknown>
    await expect
      .poll(spec)
      .toMatchObject({ versions: 1, accepted: 1, everyMs: 50, newest: { operations: 4 } })
    next = [3, 4]
    const seen = requests.length
    await expect.poll(() => requests.length).toBeGreaterThan(seen + 4)
    expect(await spec()).toMatchObject({ versions: 1, newest: { operations: 4 } })
    next = [3]
    await expect.poll(spec).toMatchObject({ versions: 2, accepted: 1, newest: { operations: 3 } })
  })

  it('answers about specs, versions and documents', async () => {
    const { fetch, stateDir } = await daemon(
      'backends: []\nspecs: { sources: [{ name: later, file: x.json }] }\n',
    )
    const { run } = user(stateDir)
    await run('crawl', 'mcpd')
    const json = async (path: string) => (await fetch(path)).json()
    expect(await json('/mcp/v1/specs')).toMatchObject({
      specs: [
        { name: 'later', versions: 0 },
        { name: 'mcpd', versions: 1 },
      ],
    })
    expect(await json('/mcp/v1/specs/mcpd/versions')).toMatchObject({
      accepted: 1,
      versions: [{ number: 1 }],
    })
    expect(await json('/mcp/v1/specs/mcpd/versions/accepted')).toMatchObject({ number: 1, openapi: '3.1.0' })
    expect(await json('/mcp/v1/specs/mcpd/versions/1/document')).toMatchObject({ openapi: '3.1.0' })
    expect(await json('/mcp/v1/specs/nobody')).toMatchObject({ code: 'SPEC_NOT_FOUND', status: 404 })
    expect(await json('/mcp/v1/specs/mcpd/versions/9')).toMatchObject({ code: 'SPEC_NOT_FOUND' })
  })

  it('says what changed, and which adapters rely on it', async () => {
    const { fetch, stateDir } = await daemon('backends: []\n')
    const { cwd, run } = user(stateDir)
    for (const operations of [
      ['POST /v1/chat/completions', 'GET /v1/models', 'GET /x'],
      ['GET /v1/models', 'GET /x'],
    ]) {
      writeFileSync(join(cwd, 'runtime.json'), JSON.stringify(documentOf(operations)))
      expect((await run('crawl', 'runtime.json')).code).toBe(0)
    }
    expect(await (await fetch('/mcp/v1/specs/runtime/changes')).json()).toMatchObject({
      base: 1,
      revision: 2,
      verdict: 'breaking',
      changes: [{ severity: 'breaking', operations: ['POST /v1/chat/completions'] }],
      touched: expect.arrayContaining([
        { adapter: 'openai', uses: ['POST /v1/chat/completions'], severity: 'breaking' },
      ]) as unknown,
    })
    expect(await (await fetch('/mcp/v1/specs/runtime/changes?base=2')).json()).toMatchObject({
      verdict: 'none',
      changes: [],
    })
    expect((await fetch('/mcp/v1/specs/runtime/changes?base=9')).status).toBe(404)
  })

  it('publishes what its adapters rely on, and it can be crawled', async () => {
    const { fetch, url, stateDir } = await daemon('backends: []\n')
    const { json } = user(stateDir)
    for (const type of ['openai', 'ollama', 'anthropic', 'huggingface', 'triton', 'fastchat'])
      expect(await (await fetch(`/mcp/v1/adapters/${type}/openapi.json`)).json()).toMatchObject({
        openapi: '3.1.0',
      })
    expect(
      await json('crawl', `${url}/mcp/v1/adapters/ollama/openapi.json`, '--name', 'ollama'),
    ).toMatchObject({ code: 0 })
    expect((await fetch('/mcp/v1/adapters/embedded/openapi.json')).status).toBe(404)
  })
})
