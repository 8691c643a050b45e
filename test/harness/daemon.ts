import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Daemon, type DaemonFlags, startDaemon } from '../../src/daemon/daemon.ts'
import { type Contract, createContract } from './contract.ts'

export interface TestDaemon {
  readonly daemon: Daemon
  readonly url: string
  readonly stateDir: string
  readonly contract: Contract
  /** `fetch` of a path, whose answer is held against the daemon's own document once it has been read. */
  readonly fetch: typeof fetch
  close(): Promise<void>
}

/** A daemon in this process, on a free port, with a state directory of its own. `config` is the text of a mcpd.yaml. */
export const startTestDaemon = async (
  config: string,
  flags: DaemonFlags = {},
  env: NodeJS.ProcessEnv = {},
): Promise<TestDaemon> => {
  const stateDir = await mkdtemp(join(tmpdir(), 'mcpd-'))
  const path = join(stateDir, 'mcpd.yaml')
  await writeFile(path, config)
  const daemon = await startDaemon(
    { port: 0, stateDir, config: path, discover: false, ...flags },
    { env, cwd: stateDir, terminal: false },
  )
  const document = await fetch(`${daemon.url}/openapi.json`, {
    headers: env['MCPD_API_KEY'] === undefined ? {} : { 'x-api-key': env['MCPD_API_KEY'] },
  })
  const contract = createContract((await document.json()) as object)
  return {
    daemon,
    url: daemon.url,
    stateDir,
    contract,
    fetch: checkedFetch(daemon.url, contract),
    close: async () => {
      await daemon.close()
      await rm(stateDir, { recursive: true, force: true })
    },
  }
}

/** Takes paths as well as URLs, so that official clients can be given it too. */
export const checkedFetch =
  (base: string, contract: Contract): typeof fetch =>
  async (input, init) => {
    const target = input instanceof Request ? input : new URL(String(input), base)
    const response = await fetch(target, init)
    const { body } = response
    if (!body) return response
    const [mine, theirs] = body.tee()
    const url = new URL(target instanceof Request ? target.url : target)
    const text = new Response(mine).text()
    const checked = theirs.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        async flush() {
          contract.check({
            method: init?.method ?? (target instanceof Request ? target.method : 'GET'),
            path: url.pathname + url.search,
            status: response.status,
            contentType: response.headers.get('content-type') ?? '',
            body: await text,
          })
        },
      }),
    )
    text.catch(() => undefined)
    return new Response(checked, response)
  }
