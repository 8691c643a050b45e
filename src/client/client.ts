import { McpdError } from '../core/errors.ts'
import type { Operation } from '../core/inference.ts'
import { createConnection } from './connection.ts'
import { contextCalls, type ContextCalls } from './contexts.ts'
import { readEvents } from './events.ts'
import { locateDaemon, type LocateOptions } from './locate.ts'
import { readPull } from './pull.ts'
import type {
  AdapterEntry,
  BackendEntry,
  CallOptions,
  ChatAnswer,
  ChatEvent,
  ChatRequest,
  CompleteAnswer,
  CompleteRequest,
  DaemonStatus,
  DrainReport,
  EmbedAnswer,
  EmbedRequest,
  ModelEntry,
  ModelHealth,
  ModelRequest,
  PullStep,
  ReloadReport,
  RouteReport,
  RunningModel,
  RerankAnswer,
  RerankRequest,
  InferAnswer,
  InferRequest,
  TokenizeAnswer,
  TokenizeRequest,
} from './types.ts'

export interface ClientOptions extends LocateOptions {
  /** The daemon's `listen.apiKey`. Default: MCPD_API_KEY. */
  readonly apiKey?: string | undefined
  /** For `status`, `reload` and `stop` of a daemon on another machine: its `admin.token`. Default: MCPD_ADMIN_TOKEN. */
  readonly adminToken?: string | undefined
  /** Ends every request of this client. */
  readonly signal?: AbortSignal | undefined
}

/**
 * mcpd's HTTP API. Everything throws McpdError: the daemon's own errors with their code, DAEMON_UNREACHABLE when
 * nothing answers, CANCELLED when a signal struck.
 */
export interface Client extends AsyncDisposable {
  /** Where the daemon listens. */
  readonly url: string
  /** Whether it is a daemon of this user on this machine, reached for administration through its socket. */
  readonly isLocal: boolean
  models(options?: CallOptions): Promise<readonly ModelEntry[]>
  adapters(options?: CallOptions): Promise<readonly AdapterEntry[]>
  chat(request: ChatRequest, options?: CallOptions): Promise<ChatAnswer>
  /** Throws BACKEND_INCOMPLETE when the stream stops before `end`. Leaving the loop cancels the request. */
  chatStream(request: ChatRequest, options?: CallOptions): AsyncIterable<ChatEvent>
  complete(request: CompleteRequest, options?: CallOptions): Promise<CompleteAnswer>
  embed(request: EmbedRequest, options?: CallOptions): Promise<EmbedAnswer>
  /** Puts documents in order by how well they answer a query. */
  rerank(request: RerankRequest, options?: CallOptions): Promise<RerankAnswer>
  tokenize(request: TokenizeRequest, options?: CallOptions): Promise<TokenizeAnswer>
  /** Gives tensors to a model that takes them. */
  infer(request: InferRequest, options?: CallOptions): Promise<InferAnswer>
  info(model: string, options?: CallOptions): Promise<ModelEntry>
  health(model: string, options?: CallOptions): Promise<ModelHealth>
  status(options?: CallOptions): Promise<DaemonStatus>
  /** Has the daemon read its config again. Throws CONFIG_INVALID with the line at fault; then nothing has changed. */
  reload(options?: CallOptions): Promise<ReloadReport>
  /** What would be chosen for a model's name, and why. */
  route(model: string, options?: CallOptions): Promise<RouteReport>
  /** Adds a backend until the daemon ends. Throws CONFLICT for a name that is taken, BACKEND_UNAVAILABLE if it does not serve. */
  addBackend(entry: BackendEntry, options?: CallOptions): Promise<ReloadReport>
  /** Resolves when a backend with these options in place of its own serves; the old one finishes what it has. */
  swapBackend(
    name: string,
    changed: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<ReloadReport>
  removeBackend(name: string, options?: CallOptions): Promise<ReloadReport>
  /** Gives a backend nothing new and waits for what it has, as long as the daemon's `shutdown.drain`. */
  drainBackend(name: string, options?: CallOptions & { readonly undo?: boolean }): Promise<DrainReport>
  /** Conversations that the daemon keeps. */
  readonly contexts: ContextCalls
  /** The models that backends hold in memory. */
  running(options?: CallOptions): Promise<readonly RunningModel[]>
  /** Has a backend fetch a model. Throws BACKEND_ERROR when it fails, BACKEND_INCOMPLETE when it breaks off. */
  pull(model: string, options?: CallOptions): AsyncIterable<PullStep>
  /** Has a backend delete a model. */
  remove(model: string, options?: CallOptions): Promise<void>
  /** Tells the daemon to finish what it is doing and exit; it goes on running for a while after the answer. */
  stop(options?: CallOptions): Promise<{ readonly pid: number }>
  /** Ends the requests that are still open. */
  close(): Promise<void>
}

/** Finds the daemon (see LocateOptions) without asking it anything yet. Throws USAGE for a malformed URL. */
export const createClient = (options: ClientOptions = {}, env: NodeJS.ProcessEnv = process.env): Client => {
  const { url, source, socketPath, adminSocketPath } = locateDaemon(options, env)
  const shared = { url, source, signal: options.signal }
  const apiKey = options.apiKey ?? (env['MCPD_API_KEY'] || undefined)
  const adminToken = options.adminToken ?? (env['MCPD_ADMIN_TOKEN'] || undefined)
  // Whoever can open the socket is the daemon's own user: no secret has to be sent there.
  const connect = (socket: string | undefined, token: string | undefined) =>
    createConnection({ ...shared, socketPath: socket, token: socket === undefined ? token : undefined })
  const api = connect(socketPath, apiKey)
  const admin = connect(adminSocketPath, adminToken)

  // The wire is trusted to be what types.ts says: it is the daemon's job to answer by its own OpenAPI document.
  const get = async <Body>(path: string, { signal }: CallOptions = {}): Promise<Body> =>
    (await api.json({ method: 'GET', path, signal })) as Body
  const post = async <Body>(
    operation: Operation,
    request: ModelRequest,
    { signal }: CallOptions = {},
  ): Promise<Body> => {
    const { model, ...body } = request
    return (await api.json({ method: 'POST', path: pathOf(model, operation), body, signal })) as Body
  }

  const chatStream = (
    { model, ...body }: ChatRequest,
    { signal }: CallOptions = {},
  ): AsyncIterable<ChatEvent> =>
    readEvents(
      api.stream({ method: 'POST', path: pathOf(model, 'chat'), body: { ...body, stream: true }, signal }),
      url.origin,
    )

  // Whoever may administer the daemon may manage its models without its API key.
  const management = adminSocketPath === undefined ? api : admin
  const pull = (model: string, { signal }: CallOptions = {}): AsyncIterable<PullStep> =>
    readPull(
      management.stream(
        { method: 'POST', path: '/api/pull', body: { model, stream: true }, signal },
        'application/x-ndjson',
      ),
    )

  const close = async (): Promise<void> => {
    await Promise.all([api.close(), admin.close()])
  }

  return {
    url: url.href.replace(/\/$/, ''),
    isLocal: adminSocketPath !== undefined,
    models: async (call) => (await get<{ models: ModelEntry[] }>('/mcp/v1/models', call)).models,
    adapters: async (call) => (await get<{ adapters: AdapterEntry[] }>('/mcp/v1/adapters', call)).adapters,
    chat: (request, call) => post('chat', request, call),
    chatStream,
    complete: (request, call) => post('complete', request, call),
    embed: (request, call) => post('embed', request, call),
    rerank: (request, call) => post('rerank', request, call),
    tokenize: (request, call) => post('tokenize', request, call),
    infer: (request, call) => post('infer', request, call),
    info: (model, call) => get(pathOf(model, 'info'), call),
    health: (model, call) => get(pathOf(model, 'health'), call),
    status: async ({ signal } = {}) =>
      (await admin.json({ method: 'GET', path: '/admin/status', signal })) as DaemonStatus,
    reload: async ({ signal } = {}) =>
      (await admin.json({ method: 'POST', path: '/admin/reload', signal })) as ReloadReport,
    route: (model, call) => get(`/mcp/v1/models/${encodeURIComponent(model)}/route`, call),
    addBackend: async (body, { signal } = {}) =>
      (await admin.json({ method: 'POST', path: '/admin/backends', body, signal })) as ReloadReport,
    swapBackend: async (name, body, { signal } = {}) =>
      (await admin.json({ method: 'PATCH', path: backendPath(name), body, signal })) as ReloadReport,
    removeBackend: async (name, { signal } = {}) =>
      (await admin.json({ method: 'DELETE', path: backendPath(name), signal })) as ReloadReport,
    drainBackend: async (name, { signal, undo = false } = {}) =>
      (await admin.json({
        method: 'POST',
        path: `${backendPath(name)}/drain${undo ? '?undo=true' : ''}`,
        signal,
      })) as DrainReport,
    contexts: contextCalls(api, admin),
    running: async (call) => (await get<{ models: RunningModel[] }>('/api/ps', call)).models,
    pull,
    remove: (model, { signal } = {}) =>
      management.done({ method: 'DELETE', path: '/api/delete', body: { model }, signal }),
    stop: async ({ signal } = {}) =>
      (await admin.json({ method: 'POST', path: '/admin/stop', signal })) as { readonly pid: number },
    close,
    [Symbol.asyncDispose]: close,
  }
}

const backendPath = (name: string): string => `/admin/backends/${encodeURIComponent(name)}`

/** `backend/model` → `/mcp/v1/backend/model/operation`; the model's own slashes are encoded. */
const pathOf = (model: string, operation: Operation | 'info' | 'health'): string => {
  const slash = model.indexOf('/')
  if (slash < 1 || slash === model.length - 1)
    throw new McpdError('BAD_REQUEST', `"${model}" does not say which backend; write backend/model.`, {
      param: 'model',
      suggestions: ['Take an id of models().'],
    })
  const [target, name] = [model.slice(0, slash), model.slice(slash + 1)]
  return `/mcp/v1/${encodeURIComponent(target)}/${encodeURIComponent(name)}/${operation}`
}
