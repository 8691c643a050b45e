import { McpdError } from '../../../core/errors.ts'
import { decodeError } from '../../../dialects/fastchat/errors.ts'
import { numberOf, textOf, type Wire } from '../../../dialects/wire.ts'
import { connectAdapterServer } from '../../adapter-server.ts'
import { healthBy, type Kind, modelsOf, noSuchModel, type Place } from './kind.ts'
import { createWorker, type Worker } from './worker.ts'

/** Workers that are talked to at a time; the one not asked for longest makes room. */
const workersMax = 256

/** A controller: it says where the workers are, who are then asked themselves. */
export const createController = (place: Place): Kind => {
  const { server, host } = place
  const workers = new Map<string, Worker>()
  let seen: ReadonlySet<string> = new Set()

  const post = (path: string, body: object, signal: AbortSignal): Promise<Wire> =>
    server.askObject({ method: 'POST', path, body: JSON.stringify(body), signal })

  const open = async (address: string): Promise<Worker> => {
    const known = workers.get(address)
    if (known) {
      workers.delete(address)
      workers.set(address, known)
      return known
    }
    const url = requireAddress(place, address)
    const [oldest] = workers.entries()
    if (oldest && workers.size >= workersMax) {
      workers.delete(oldest[0])
      await oldest[1].close()
    }
    const worker = createWorker(place, connectAdapterServer({ url, headers: {}, decodeError }, host))
    workers.set(address, worker)
    return worker
  }

  /** The worker that is to take the next request. The controller counts whom it has named. */
  const find = async (model: string, signal: AbortSignal): Promise<Worker> => {
    const address = textOf((await post('/get_worker_address', { model }, signal))['address'])
    if (address !== undefined) return open(address)
    if (seen.has(model))
      throw new McpdError('BACKEND_UNAVAILABLE', `The worker of "${model}" has gone.`, {
        suggestions: ['Start it again; it registers with the controller by itself.'],
      })
    throw noSuchModel(model, [...seen])
  }

  return {
    async *infer(request) {
      yield* (await find(request.model, request.signal)).infer(request)
    },
    models: async (signal) => {
      const models = modelsOf(place, (await post('/list_models', {}, signal))['models'])
      seen = new Set(models.map(({ name }) => name))
      return models
    },
    health: (signal) =>
      healthBy(async () => {
        await server.askJson({ method: 'GET', path: '/test_connection', signal })
        const { models } = await post('/list_models', {}, signal)
        return Array.isArray(models) && models.length > 0
          ? { ok: true }
          : { ok: false, detail: 'The controller has no worker.' }
      }, signal),
    metrics: (signal) => readStatus((path) => post(path, {}, signal)),
    describe: async (model, signal) => describe(await find(model, signal), model, signal),
    close: async () => {
      await Promise.all([...workers.values()].map((worker) => worker.close()))
    },
  }
}

/** A single worker. It answers to any name, so that the name has to be looked at here. */
export const createLoneWorker = (place: Place): Kind => {
  const { server } = place
  const worker = createWorker(place, server)
  let names: readonly string[] = []

  const learn = async (signal: AbortSignal): Promise<unknown> => {
    const { model_names: told } = await worker.ask('/worker_get_status', {}, signal)
    names = modelsOf(place, told).map(({ name }) => name)
    return told
  }
  const requireModel = async (model: string, signal: AbortSignal): Promise<void> => {
    if (names.length === 0) await learn(signal)
    if (!names.includes(model)) throw noSuchModel(model, names)
  }

  return {
    async *infer(request) {
      await requireModel(request.model, request.signal)
      yield* worker.infer(request)
    },
    models: async (signal) => {
      const told = await learn(signal)
      const details = await worker.ask('/model_details', { model: names[0] ?? '' }, signal)
      const contextLength = numberOf(details['context_length'])
      return modelsOf(place, told, contextLength === undefined ? {} : { contextLength })
    },
    health: (signal) =>
      healthBy(async () => {
        await learn(signal)
        return { ok: true }
      }, signal),
    metrics: (signal) => readStatus((path) => worker.ask(path, {}, signal)),
    describe: async (model, signal) => {
      await requireModel(model, signal)
      return describe(worker, model, signal)
    },
  }
}

const readStatus = async (
  ask: (path: string) => Promise<Wire>,
): Promise<Readonly<Record<string, number>>> => {
  const pending = numberOf((await ask('/worker_get_status'))['queue_length'])
  return pending === undefined ? {} : { requests_pending: pending }
}

const describe = async (worker: Worker, model: string, signal: AbortSignal) => ({
  dialect: 'fastchat',
  body: {
    ...(await worker.ask('/worker_get_status', {}, signal)),
    ...(await worker.ask('/model_details', { model }, signal)),
    ...(await worker.ask('/worker_get_conv_template', { model }, signal)),
  },
})

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')

/**
 * The address of a worker, if it may be asked: anybody can register with a controller, so it is believed only about
 * its own host and those that the config names. Throws BACKEND_ERROR.
 */
const requireAddress = ({ options: { url, workerHosts = [] } }: Place, address: string): string => {
  const own = new URL(url).hostname
  const told = URL.canParse(address) ? new URL(address) : undefined
  const isHttp = told?.protocol === 'http:' || told?.protocol === 'https:'
  if (told && isHttp) {
    const { hostname } = told
    if (hostname === own || (isLoopback(hostname) && isLoopback(own)) || workerHosts.includes(hostname))
      return told.href
  }
  throw new McpdError(
    'BACKEND_ERROR',
    `The controller names a worker at ${address.slice(0, 200)}, where mcpd does not look for one.`,
    {
      suggestions: [
        told && isHttp
          ? `If that is right, add ${told.hostname} to workerHosts in the backend's entry of the config.`
          : 'Start the worker with --worker-address http://HOST:PORT.',
      ],
    },
  )
}
