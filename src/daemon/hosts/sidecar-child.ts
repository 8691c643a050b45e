import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createInterface } from 'node:readline'
import { Command } from 'commander'
import type { Adapter, AdapterHost, AdapterModule } from '../../core/adapter.ts'
import { isMcpdError, McpdError, toMcpdError } from '../../core/errors.ts'
import type { InferenceRequest } from '../../core/inference.ts'
import { encodeNdjson } from '../../core/ndjson.ts'
import { newTrace } from '../../core/trace.ts'
import { createTransport } from '../transport.ts'
import { requireAdapter, requireModule, requireOptions } from './module-check.ts'
import {
  type Capabilities,
  isFinal,
  manageWords,
  type ModelRequest,
  type SidecarStart,
  toWireEvent,
  toWireFailure,
  type WireError,
  type WireLine,
  type WireRequest,
} from './sidecar-protocol.ts'

/**
 * A process that runs one adapter and nothing else, so that a crash of its runtime is not a crash of the daemon.
 * Standard output stays empty; each line of standard error is a JSON log entry.
 */

const limits = {
  /** A request as the daemon forwards it, which has bounded it already. */
  bodyMaxBytes: 256 * 1024 * 1024,
  connectionsMax: 256,
  connectTimeoutMs: 10_000,
  closeMs: 2000,
}

/** The adapters that mcpd brings to run here. */
const builtin: Readonly<Record<string, () => Promise<{ readonly default: AdapterModule }>>> = {
  embedded: () => import('../adapters/embedded/index.ts'),
}

const log: AdapterHost['log'] = (level, message, fields) => {
  process.stderr.write(encodeNdjson({ level, message, ...fields }))
}

const loadModule = async ({ type = '', moduleUrl, options }: SidecarStart): Promise<AdapterModule> => {
  const load =
    moduleUrl === undefined ? builtin[type] : () => import(moduleUrl) as Promise<{ default: unknown }>
  if (!load) throw new McpdError('CONFIG_INVALID', `There is no adapter '${type}' that runs in a sidecar.`)
  let exported: unknown
  try {
    exported = (await load()).default
  } catch (error) {
    throw new McpdError(
      'CONFIG_INVALID',
      `The adapter '${type}' cannot be imported: ${String(error)}`,
      {},
      error,
    )
  }
  const module = requireModule(exported, `The adapter '${type}'`)
  requireOptions(module, options)
  return module
}

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > limits.bodyMaxBytes)
      throw new McpdError('REQUEST_TOO_LARGE', `The request is over ${limits.bodyMaxBytes} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

const failure = (error: unknown): WireError => {
  if (!isMcpdError(error))
    log('error', 'the adapter failed', { stack: error instanceof Error ? error.stack : error })
  return { type: 'error', ...toWireFailure(toMcpdError(error)) }
}

/** Runs one inference for as long as its connection is open. */
const infer = async (adapter: Adapter, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const gone = new AbortController()
  response.on('close', () => gone.abort(new McpdError('CANCELLED', 'The daemon wants no answer any more.')))
  const write = async (line: WireLine): Promise<void> => {
    if (!response.write(encodeNdjson(line))) await once(response, 'drain', { signal: gone.signal })
  }
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  const trace = newTrace('sidecar', performance.now())
  const writeWarnings = async () => {
    if (trace.warnings.length > 0) await write({ type: 'warnings', warnings: trace.warnings.splice(0) })
  }
  try {
    const asked = JSON.parse((await readBody(request)).toString()) as WireRequest
    const inference: InferenceRequest = { ...asked, signal: gone.signal, trace }
    const refusal = adapter.validate?.(inference)
    if (refusal !== undefined) throw new McpdError('BAD_REQUEST', refusal)
    for await (const event of adapter.infer(inference)) {
      await writeWarnings()
      const line = toWireEvent(event)
      if (line) await write(line)
    }
    await writeWarnings()
  } catch (error) {
    if (!gone.signal.aborted) {
      await writeWarnings()
      await write(failure(error))
    }
  }
  response.end()
}

const answer = async (response: ServerResponse, value: (signal: AbortSignal) => unknown): Promise<void> => {
  const gone = new AbortController()
  response.on('close', () => gone.abort(new McpdError('CANCELLED', 'The daemon wants no answer any more.')))
  try {
    response.end(encodeNdjson(await value(gone.signal)))
  } catch (error) {
    response.writeHead(500).end(encodeNdjson(failure(error)))
  }
}

/** Resolves with the adapter's own words once it can serve; rejects with the reason for which it never will. */
const whenReady = async (adapter: Adapter): Promise<Capabilities> => {
  await adapter.ready
  try {
    await adapter.health(new AbortController().signal)
  } catch (error) {
    // A backend that is away today may be back tomorrow; only what can never work is a failed start.
    if (isMcpdError(error) && isFinal(error)) throw error
  }
  return {
    specVersion: adapter.specVersion,
    operations: adapter.operations,
    uses: adapter.uses,
    metrics: adapter.metrics !== undefined,
    manage: manageWords.filter((word) => adapter.manage?.[word] !== undefined),
    describe: adapter.describe !== undefined,
  }
}

/** Says how a model comes, for as long as the connection is open. */
const pull = async (adapter: Adapter, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const gone = new AbortController()
  response.on('close', () => gone.abort(new McpdError('CANCELLED', 'The daemon wants no answer any more.')))
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  try {
    const { model } = JSON.parse((await readBody(request)).toString()) as ModelRequest
    for await (const progress of adapter.manage?.pull?.(model, gone.signal) ?? [])
      if (!response.write(encodeNdjson(progress))) await once(response, 'drain', { signal: gone.signal })
  } catch (error) {
    if (!gone.signal.aborted) response.write(encodeNdjson(failure(error)))
  }
  response.end()
}

type AboutModel = (adapter: Adapter, asked: ModelRequest, signal: AbortSignal) => Promise<unknown> | undefined

/** What is asked about one model. */
const modelRoutes: Readonly<Record<string, AboutModel>> = {
  'POST /models/load': ({ manage }, { model, keepAlive }, signal) => manage?.load?.(model, signal, keepAlive),
  'POST /models/unload': ({ manage }, { model }, signal) => manage?.unload?.(model, signal),
  'POST /models/remove': ({ manage }, { model }, signal) => manage?.remove?.(model, signal),
  'POST /describe': (adapter, { model }, signal) => adapter.describe?.(model, signal),
}

/** What is asked of an adapter, by method and path. */
const routes: Readonly<Record<string, (adapter: Adapter, signal: AbortSignal) => unknown>> = {
  'GET /models': (adapter, signal) => adapter.models(signal),
  'GET /health': (adapter, signal) => adapter.health(signal),
  'GET /metrics': (adapter, signal) => adapter.metrics?.(signal) ?? {},
}

/** `ready` rejects when there is no adapter, which is told to whoever asks for its capabilities. */
const serve = async (adapter: Adapter | undefined, ready: Promise<Capabilities>, socket: string) => {
  const server = createServer((request, response) => {
    const name = `${request.method} ${request.url}`
    const route = adapter && Object.hasOwn(routes, name) ? routes[name] : undefined
    const about = Object.hasOwn(modelRoutes, name) ? modelRoutes[name] : undefined
    if (name === 'GET /capabilities') void answer(response, () => ready)
    else if (adapter && name === 'POST /infer') void infer(adapter, request, response)
    else if (adapter && name === 'POST /models/pull') void pull(adapter, request, response)
    else if (adapter && about)
      void answer(response, async (signal) => {
        const asked = JSON.parse((await readBody(request)).toString()) as ModelRequest
        return (await about(adapter, asked, signal)) ?? {}
      })
    else if (adapter && route) void answer(response, (signal) => route(adapter, signal))
    else response.writeHead(404).end()
  })
  // The daemon decides how long anything may take and when a connection is done with.
  Object.assign(server, { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 })
  server.listen(socket)
  await once(server, 'listening')
  return server
}

/** The first line of standard input; what follows is nothing until it ends, with the daemon. */
const readStart = async (): Promise<SidecarStart> => {
  const lines = createInterface({ input: process.stdin, terminal: false })
  lines.once('close', () => process.exit(0))
  const [line] = (await once(lines, 'line')) as [string]
  return JSON.parse(line) as SidecarStart
}

const options = new Command('mcpd-sidecar')
  .requiredOption('--name <backend>', 'name of the backend in the config')
  .requiredOption('--socket <path>', 'where to listen')
  .parse()
  .opts<{ name: string; socket: string }>()

// Ctrl-C reaches every process of the terminal, but ending is the daemon's decision.
process.on('SIGINT', () => undefined)

const { name, socket } = options
const start = await readStart()
let adapter: Adapter | undefined
let ready: Promise<Capabilities>
try {
  const module = await loadModule(start)
  adapter = requireAdapter(
    module.create(start.options, {
      name,
      log,
      connect: (baseUrl) => createTransport(baseUrl, limits),
    }),
    `The adapter '${module.type}'`,
  )
  ready = whenReady(adapter)
} catch (error) {
  // A bug of the adapter ends the process, and says so on standard error.
  if (!isMcpdError(error) || !isFinal(error)) throw error
  ready = Promise.reject(error)
}
ready.catch(() => undefined)
const server = await serve(adapter, ready, socket)
process.once('SIGTERM', () => {
  setTimeout(() => process.exit(0), limits.closeMs).unref()
  server.close(() => void (adapter?.close() ?? Promise.resolve()).finally(() => process.exit(0)))
  server.closeIdleConnections()
})
