import { McpdError } from '../../core/errors.ts'
import { type Json, isObject, listAt, textAt } from '../../openapi/json.ts'
import type { Http } from './http.ts'
import { type KserveModel, type KserveServer, type KserveTensor, synthesise } from './openapi-kserve.ts'

const modelsMax = 500

/**
 * The document of a server of the Open Inference Protocol, made from what it says about itself; undefined when it is
 * none. Asks by GET, and once by POST for the list of models, which such servers have behind that method only.
 */
export const readKserve = async (http: Http, server: URL): Promise<Json | undefined> => {
  const get = async (path: string): Promise<Json | undefined> =>
    parse(await http.send({ url: new URL(path, server), attemptsMax: 1 }).catch(() => undefined))
  const described = await get('/v2')
  http.signal.throwIfAborted()
  const name = textAt(described, 'name')
  if (name === undefined || !isObject(described) || !Array.isArray(described['extensions'])) return undefined
  const index = parse(
    await http
      .send({
        method: 'POST',
        url: new URL('/v2/repository/index', server),
        headers: { 'content-type': 'application/json' },
        attemptsMax: 1,
        body: '{"ready":true}',
      })
      .catch(() => undefined),
  )
  const models: KserveModel[] = []
  for (const model of modelNames(index)) {
    const path = `/v2/models/${encodeURIComponent(model)}`
    const metadata = await get(path)
    // Left out, it would look removed.
    if (!isObject(metadata))
      throw new McpdError(
        'SOURCE_FAILED',
        `${server.host} lists the model ${model} and does not describe it.`,
      )
    const config = await get(`${path}/config`)
    models.push(describeModel(model, metadata, config))
  }
  http.signal.throwIfAborted()
  return synthesise(describeServer(name, described), models)
}

const describeServer = (name: string, described: Json): KserveServer => ({
  name,
  version: textAt(described, 'version') ?? '',
  extensions: listAt(described, 'extensions').filter((each) => typeof each === 'string'),
})

/** Some list one entry per version of a model. */
const modelNames = (index: Json | undefined): readonly string[] => {
  const entries = Array.isArray(index) ? (index as readonly Json[]) : listAt(index, 'models')
  const names = entries.map((entry) => (typeof entry === 'string' ? entry : textAt(entry, 'name')))
  return [...new Set(names.filter((name) => name !== undefined))].toSorted().slice(0, modelsMax)
}

const describeModel = (name: string, metadata: Json, config: Json | undefined): KserveModel => {
  const policy = isObject(config) ? config['model_transaction_policy'] : undefined
  const batchMax = isObject(config) ? Number(config['max_batch_size'] ?? 0) : 0
  return {
    name,
    platform: textAt(metadata, 'platform') ?? '',
    inputs: tensors(metadata, 'inputs', optionalInputs(config)),
    outputs: tensors(metadata, 'outputs', new Set()),
    decoupled: isObject(policy) && policy['decoupled'] === true,
    ...(batchMax > 0 && { batchMax }),
  }
}

const optionalInputs = (config: Json | undefined): ReadonlySet<string> =>
  new Set(
    listAt(config, 'input').flatMap((input) =>
      isObject(input) && input['optional'] === true ? [textAt(input, 'name') ?? ''] : [],
    ),
  )

const tensors = (metadata: Json, member: string, optional: ReadonlySet<string>): readonly KserveTensor[] =>
  listAt(metadata, member).flatMap((tensor) => {
    const name = textAt(tensor, 'name')
    if (name === undefined) return []
    return {
      name,
      datatype: textAt(tensor, 'datatype') ?? 'BYTES',
      shape: listAt(tensor, 'shape').map(Number),
      isOptional: optional.has(name),
    }
  })

const parse = (answer: { readonly status: number; readonly bytes: Buffer } | undefined): Json | undefined => {
  if (answer?.status !== 200) return undefined
  try {
    return JSON.parse(answer.bytes.toString('utf8')) as Json
  } catch {
    // A page, or nothing of the protocol.
    return undefined
  }
}
