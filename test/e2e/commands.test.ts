import { createServer, type AddressInfo } from 'node:net'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startCommand, temporaryFolder } from '../unit/commands/run-command.ts'

/** Commands of a user whose daemon is the one of a new state directory, stopped after the test. */
const user = () => {
  const stateDir = temporaryFolder()
  // A folder without a mcpd.yaml.
  const cwd = temporaryFolder()
  const start = (...words: string[]) =>
    startCommand(words, { cwd, timeout: 60_000, env: { MCPD_STATE_DIR: stateDir } })
  const run = async (...words: string[]) => {
    const { exitCode, stdout, stderr } = await start(...words)
    return { code: exitCode, out: String(stdout), err: String(stderr) }
  }
  const json = async (...words: string[]) => {
    const { code, out } = await run(...words, '--json')
    return { code, json: JSON.parse(out) as Record<string, never> }
  }
  onTestFinished(async () => void (await run('stop')))
  return { stateDir, cwd, start, run, json }
}

describe('a daemon in the background', () => {
  it('is started, looked at, talked with and stopped', async () => {
    const { run, json, stateDir } = user()
    const serve = await json('serve', '--detach', '--port', '0')
    expect(serve).toEqual({
      code: 0,
      json: { url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), pid: expect.any(Number) },
    })

    const status = await json('status')
    expect(status).toMatchObject({ code: 0, json: { ...serve.json, stateDir, draining: false } })

    const models = await run('models')
    expect(models.code).toBe(0)
    expect(models.out).toContain('demo/mcpd-demo')

    const words = ['chat', 'mcpd-demo', 'Hello!', '--temperature', '0', '--seed', '1', '--max-tokens', '8']
    const [streamed, whole] = [await run(...words), await json(...words)]
    expect(streamed.code).toBe(0)
    expect(whole.json).toMatchObject({
      backend: 'demo',
      output: { content: streamed.out },
    })

    const vectors = await json('embed', 'demo/mcpd-demo', 'one text')
    expect(vectors.json).toMatchObject({ output: { embeddings: [expect.any(Array)] } })

    const logs = await run('logs', '--json')
    expect(logs.out.split('\n').map((line) => JSON.parse(line) as unknown)).toContainEqual(
      expect.objectContaining({ msg: 'ready', url: serve.json['url'] }),
    )

    expect(await json('stop')).toEqual({ code: 0, json: { pid: serve.json['pid'], stopped: true } })
    expect(await json('status')).toMatchObject({ code: 3, json: { error: { code: 'DAEMON_UNREACHABLE' } } })
  })

  it('holds its state directory, and says so to a second one', async () => {
    const { json } = user()
    const { json: first } = await json('serve', '--detach', '--port', '0')
    for (const words of [
      ['serve', '--detach', '--port', '0'],
      ['serve', '--port', '0'],
    ]) {
      const second = await json(...words)
      expect(second).toMatchObject({ code: 2, json: { error: { code: 'DAEMON_RUNNING' } } })
      expect(JSON.stringify(second.json)).toContain(`process ${first['pid']}`)
    }
  })

  it('needs no API key from its own user', async () => {
    const { start, cwd, run } = user()
    writeFileSync(join(cwd, 'mcpd.yaml'), 'listen: { apiKey: "${env:SECRET_OF_TEST}", port: 0 }\n')
    const { exitCode, stderr } = await start('serve', '--detach')
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining('SECRET_OF_TEST') as string,
    })
    writeFileSync(
      join(cwd, 'mcpd.yaml'),
      'listen: { apiKey: "${file:key}", port: 0 }\n'.replace('key', join(cwd, 'key')),
    )
    writeFileSync(join(cwd, 'key'), 'letmein\n')
    const { code } = await run('serve', '--detach')
    expect(code).toBe(0)
    const { url } = JSON.parse((await run('status', '--json')).out) as { url: string }
    expect((await run('models')).code).toBe(0)
    const remote = await run('models', '--url', url)
    expect(remote.code).toBe(2)
    expect(remote.err).toContain('API key')
  })
})

describe('a daemon in the foreground', () => {
  it('says where it listens on the first line, and ends well at a signal', async () => {
    const { start, run } = user()
    const serving = start('serve', '--port', '0', '--json')
    const line = await new Promise<string>((resolve) =>
      serving.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString())),
    )
    const { url } = JSON.parse(line) as { url: string }
    expect((await run('models', '--url', url)).code).toBe(0)
    serving.kill('SIGTERM')
    expect((await serving).exitCode).toBe(0)
    expect((await run('models', '--url', url)).code).toBe(3)
  })

  it('says why it cannot start, and exits with the code for it', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const { run } = user()
    for (const words of [['serve'], ['serve', '--detach']]) {
      const { code, err } = await run(...words, '--port', String(port))
      expect(code).toBe(2)
      expect(err).toContain(`port ${port} is in use`)
      expect(err.match(/is in use/g)).toHaveLength(1)
    }
    const open = await run('serve', '--host', '0.0.0.0', '--port', '0')
    expect(open.code).toBe(2)
    expect(open.err).toContain('listen.apiKey')
  })

  it('refuses a model that is none', async () => {
    const { run, cwd, stateDir } = user()
    writeFileSync(join(cwd, 'not.gguf'), 'nothing of the kind')
    const { code, err } = await run('serve', '--model', 'not.gguf', '--port', '0')
    expect(code).toBe(2)
    expect(err).toContain('not.gguf')
    expect(() => readFileSync(join(stateDir, 'daemon.json'))).toThrow('ENOENT')
  })
})
