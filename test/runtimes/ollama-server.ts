import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { buildDemoModel } from '../../src/daemon/adapters/embedded/demo-model.ts'

/** A real Ollama of our own: on a free port, with empty folders, and the demo model under four names. */
export interface OllamaServer {
  readonly url: string
  /** Ends the processes that run models, as a crash would. */
  readonly killRunners: () => void
  readonly close: () => Promise<void>
}

/** Where the program is; $MCPD_OLLAMA goes before the place where docs/results/runtimes-ollama.md builds it. */
export const ollamaProgram = process.env['MCPD_OLLAMA'] ?? join(homedir(), '.cache/mcpd-runtimes/bin/ollama')

/** Why it cannot be run; undefined when it can. */
export const whyNoOllama = existsSync(ollamaProgram)
  ? undefined
  : `there is no ${ollamaProgram}; build one or set MCPD_OLLAMA`

const startMaxMs = 30_000
/** What it logs, for who wants to know why something went wrong. */
const stderr = process.env['MCPD_OLLAMA_LOG'] ? 'inherit' : 'ignore'

/** `demo` answers, `demo-embed` makes vectors, `demo-tools` has a template with tools, `demo-think` only thinks. */
export const startOllama = async (): Promise<OllamaServer> => {
  const folder = await mkdtemp(join(tmpdir(), 'mcpd-ollama-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn(ollamaProgram, ['serve'], {
    env: {
      ...process.env,
      HOME: folder,
      OLLAMA_HOST: `127.0.0.1:${port}`,
      OLLAMA_MODELS: join(folder, 'models'),
      OLLAMA_NUM_PARALLEL: '2',
      OLLAMA_NO_CLOUD: '1',
    },
    stdio: ['ignore', 'ignore', stderr],
  })
  const close = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    if (child.exitCode === null && child.kill()) await gone
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await answers(url, child)
    for (const [name, more] of Object.entries(models)) await create(url, name, more)
  } catch (error) {
    await close()
    throw error
  }
  return { url, killRunners: () => killChildren(child), close }
}

const freePort = async (): Promise<number> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

const answers = async (url: string, child: ChildProcess): Promise<void> => {
  const lateMs = performance.now() + startMaxMs
  while (performance.now() < lateMs && child.exitCode === null) {
    const response = await fetch(`${url}/api/version`).catch(() => undefined)
    if (response?.ok) return
    await wait(50)
  }
  throw new Error('Ollama did not start.')
}

const killChildren = ({ pid }: ChildProcess): void => {
  const listed = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
  for (const child of listed.trim().split(/\s+/).map(Number)) process.kill(child, 'SIGKILL')
}

const messages = (end: string): string =>
  '{{- range .Messages }}<|im_start|>{{ .Role }}\n' +
  '{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}' +
  '{{ range .ToolCalls }}{"name": "{{ .Function.Name }}", "parameters": {{ .Function.Arguments }}}{{ end }}<|im_end|>\n' +
  `{{ end }}{{ if .Tools }}{{ .Tools }}{{ end }}<|im_start|>assistant\n${end}`

const models = {
  demo: {},
  'demo-embed': { pooled: true },
  'demo-tools': { template: messages('') },
  // An answer that begins inside a thought stays there: the model has no word for its end.
  'demo-think': { template: messages('<think>') },
} as const satisfies Record<string, { readonly pooled?: boolean; readonly template?: string }>

/** The demo model makes vectors too, which is all that Ollama would let it do: without the key it is for texts. */
const modelFile = (pooled: boolean): Buffer => {
  const bytes = buildDemoModel()
  if (!pooled) bytes.write('llama.pooling_none', bytes.indexOf('llama.pooling_type'))
  return bytes
}

const create = async (
  url: string,
  model: string,
  { pooled = false, template }: { readonly pooled?: boolean; readonly template?: string },
): Promise<void> => {
  const bytes = modelFile(pooled)
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  await fetch(`${url}/api/blobs/${digest}`, { method: 'POST', body: new Uint8Array(bytes) })
  const response = await fetch(`${url}/api/create`, {
    method: 'POST',
    body: JSON.stringify({
      model,
      files: { 'model.gguf': digest },
      ...(template !== undefined && { template, parameters: { stop: ['<|im_end|>'] } }),
      stream: false,
    }),
  })
  if (!response.ok) throw new Error(`Ollama did not create ${model}: ${await response.text()}`)
}
