import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Load } from './load.ts'
import { startMcpd } from './mcpd.ts'
import { nginxVersion, startNginxBackend, startNginxProxy } from './nginx.ts'
import { installPortkey, portkeyHeaders, startPortkey } from './portkey.ts'
import { type RunningProcess, startProcess } from './processes.ts'
import { chatBody, model } from './traffic.ts'

/** Somebody who answers the same chat, and the process whose CPU time that takes. */
export interface Candidate extends Pick<Load, 'url' | 'headers' | 'body' | 'pid'> {
  readonly name: string
}

/** Somebody who cannot take part, and why. */
export interface Absent {
  readonly name: string
  readonly why: string
}

export interface Field {
  readonly unary: readonly Candidate[]
  readonly streams: readonly Candidate[]
  readonly absent: readonly Absent[]
  /** Which program plays the backend of chats that are not streamed. */
  readonly unaryBackend: string
}

/** Names in the report. */
export const names = {
  backend: 'the backend itself',
  nginx: 'nginx proxy_pass',
  echo: 'node:http echo, no backend',
  bare: 'node:http + undici dispatch',
  openai: 'mcpd, OpenAI surface',
  native: 'mcpd, native surface',
  portkey: 'Portkey gateway',
} as const

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/** Starts a script of this folder that says in JSON where it listens. */
export const startScript = async (
  file: string,
  ...args: string[]
): Promise<RunningProcess & { readonly url: string }> => {
  const started = await startProcess({ command: process.execPath, args: [here(file), ...args] })
  return { ...started, ...(JSON.parse(started.firstLine) as { url: string }) }
}

const path = '/v1/chat/completions'

/** Everybody, started; `stack` stops them. `checkouts`: label → folder of an mcpd that is built. */
export const startField = async (
  stack: AsyncDisposableStack,
  directory: string,
  checkouts: Readonly<Record<string, string>>,
): Promise<Field> => {
  const owned = async <T extends RunningProcess>(starting: Promise<T>): Promise<T> => {
    const started = await starting
    stack.defer(() => started.stop())
    return started
  }
  const hasNginx = nginxVersion() !== undefined
  const portkeyEntry = await installPortkey()
  const streaming = await owned(startScript('stand-in.ts'))
  const answering = await owned(hasNginx ? startNginxBackend(directory) : startScript('stand-in.ts'))
  const unary: Candidate[] = []
  const streams: Candidate[] = []

  /** For those that speak OpenAI and know nothing of model names. */
  const add = (
    name: string,
    toAnswer: RunningProcess & { url: string },
    toStream?: typeof toAnswer,
  ): void => {
    const headers = {}
    const { pid, url } = toAnswer
    unary.push({ name, pid, url: url + path, headers, body: chatBody({ model }) })
    if (toStream)
      streams.push({
        name,
        pid: toStream.pid,
        url: toStream.url + path,
        headers,
        body: chatBody({ model, stream: true }),
      })
  }

  add(names.backend, answering, streaming)
  if (hasNginx)
    add(
      names.nginx,
      await owned(startNginxProxy(directory, answering.url)),
      await owned(startNginxProxy(directory, streaming.url)),
    )
  add(names.echo, await owned(startScript('echo.ts')))
  add(
    names.bare,
    await owned(startScript('bare-proxy.ts', answering.url)),
    await owned(startScript('bare-proxy.ts', streaming.url)),
  )
  for (const [label, checkout] of Object.entries(checkouts)) {
    const mcpd = await owned(
      startMcpd(checkout, directory, [
        { name: 'answering', adapter: 'openai', url: `${answering.url}/v1` },
        { name: 'streaming', adapter: 'openai', url: `${streaming.url}/v1` },
      ]),
    )
    const shared = { pid: mcpd.pid, headers: {} }
    const openai = { ...shared, name: names.openai + label, url: mcpd.url + path }
    // The backend before the model's name: the value has to be found and replaced, the dearer of the two cases.
    unary.push({ ...openai, body: chatBody({ model: `answering/${model}` }) })
    streams.push({ ...openai, body: chatBody({ model: `streaming/${model}`, stream: true }) })
    const native = { ...shared, name: names.native + label }
    unary.push({ ...native, url: `${mcpd.url}/mcp/v1/answering/${model}/chat`, body: chatBody({}) })
    streams.push({
      ...native,
      url: `${mcpd.url}/mcp/v1/streaming/${model}/chat`,
      body: chatBody({ stream: true }),
    })
  }
  if (portkeyEntry !== undefined) {
    const { pid, url } = await owned(startPortkey(portkeyEntry))
    const shared = { name: names.portkey, pid, url: url + path }
    unary.push({ ...shared, headers: portkeyHeaders(answering.url), body: chatBody({ model }) })
    streams.push({
      ...shared,
      headers: portkeyHeaders(streaming.url),
      body: chatBody({ model, stream: true }),
    })
  }
  return {
    unary,
    streams,
    unaryBackend: hasNginx ? 'nginx, from memory' : 'node:http',
    absent: [
      ...(hasNginx ? [] : [{ name: names.nginx, why: 'nginx is not installed' }]),
      ...(portkeyEntry === undefined ? [{ name: names.portkey, why: 'npm could not install it' }] : []),
    ],
  }
}

export const mcpdCommand = (checkout: string): string => join(checkout, 'bin/mcpd.js')
