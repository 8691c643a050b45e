import { fileURLToPath } from 'node:url'
import { McpdError } from '../../core/errors.ts'
import { isRecord, textOf, type Wire } from '../../dialects/wire.ts'
import {
  type GrpcChannel,
  GrpcFailure,
  type GrpcMethod,
  loadGrpcService,
  protoOptions,
} from '../grpc-channel.ts'

/** What a server tells of its own services. */

const protoFile = fileURLToPath(new URL('./reflection.proto', import.meta.url))
const unimplemented = 12
/** Files that the descriptors of one service may come in. */
const filesMax = 200

export interface Reflection {
  /** Full names, without those of reflection itself. */
  readonly services: readonly string[]
  /** The method of a name such as `acme.v1.Generator/Generate`. Throws CONFIG_INVALID when there is none. */
  method(name: string, signal: AbortSignal): Promise<GrpcMethod>
}

/** Asks in either version. Throws CONFIG_INVALID for a server without reflection. */
export const reflect = async (channel: GrpcChannel, signal: AbortSignal): Promise<Reflection> => {
  const { ServerReflectionInfo: info } = await loadGrpcService(
    protoFile,
    'grpc.reflection.v1.ServerReflection',
  )
  const versions = ['v1', 'v1alpha'].map((version): GrpcMethod => ({
    ...info!,
    path: info!.path.replace('.v1.', `.${version}.`),
  }))
  for (const method of versions)
    try {
      const answer = await ask(channel, method, { list_services: '' }, signal)
      const list = isRecord(answer['list_services_response'])
        ? answer['list_services_response']['service']
        : []
      const services = (Array.isArray(list) ? list : [])
        .map((service: unknown) => (isRecord(service) ? textOf(service['name']) : undefined))
        .filter((name): name is string => name !== undefined && !name.startsWith('grpc.reflection.'))
      return { services, method: (name, asked) => findMethod(channel, method, services, name, asked) }
    } catch (error) {
      if (!(error instanceof GrpcFailure) || error.code !== unimplemented) throw error
    }
  throw new McpdError(
    'CONFIG_INVALID',
    'The service has no server reflection, by which mcpd would know it.',
    {
      suggestions: ['Add the reflection service of your gRPC library; it is one line in most of them.'],
    },
  )
}

const ask = async (
  channel: GrpcChannel,
  method: GrpcMethod,
  request: object,
  signal: AbortSignal,
): Promise<Wire> => {
  for await (const answer of channel.stream(method, request, signal)) return answer
  throw new McpdError('BACKEND_INCOMPLETE', 'The service ended its reflection without an answer.')
}

const findMethod = async (
  channel: GrpcChannel,
  reflection: GrpcMethod,
  services: readonly string[],
  name: string,
  signal: AbortSignal,
): Promise<GrpcMethod> => {
  const [service = '', method = ''] = name.split('/')
  if (!services.includes(service))
    throw new McpdError('CONFIG_INVALID', `There is no service ${service}; there are ${services.join(', ')}.`)
  const set = await descriptorsOf(channel, reflection, service, signal)
  const { default: loader } = await import('@grpc/proto-loader')
  const definition = loader.loadFileDescriptorSetFromBuffer(set, protoOptions)[service]
  // The definition of a service has a method under each name.
  const methods = (definition ?? {}) as unknown as Readonly<Record<string, GrpcMethod>>
  const found = Object.hasOwn(methods, method) ? methods[method] : undefined
  if (!found)
    throw new McpdError(
      'CONFIG_INVALID',
      `${service} has no method ${method}; it has ${Object.keys(methods).join(', ')}.`,
    )
  if (found.requestStream && !found.responseStream)
    throw new McpdError(
      'CONFIG_INVALID',
      `${name} takes a stream and gives one answer, which mcpd has no use for.`,
    )
  return found
}

/** A FileDescriptorSet with the file of a service and all that it imports. */
const descriptorsOf = async (
  channel: GrpcChannel,
  reflection: GrpcMethod,
  service: string,
  signal: AbortSignal,
): Promise<Buffer> => {
  const files = new Map<string, Buffer>()
  const wanted: object[] = [{ file_containing_symbol: service }]
  for (let request = wanted.shift(); request; request = wanted.shift()) {
    const answer = await ask(channel, reflection, request, signal)
    const { file_descriptor_response: response, error_response: failure } = answer
    if (isRecord(failure))
      throw new McpdError(
        'BACKEND_ERROR',
        `The service does not describe itself: ${textOf(failure['error_message']) ?? 'no reason'}.`,
      )
    const sent = isRecord(response) ? response['file_descriptor_proto'] : []
    for (const bytes of (Array.isArray(sent) ? sent : []).filter((file) => Buffer.isBuffer(file))) {
      const { name, imports } = readFile(bytes)
      if (files.has(name)) continue
      files.set(name, bytes)
      if (files.size > filesMax)
        throw new McpdError('BACKEND_ERROR', `The service is described in more than ${filesMax} files.`)
      for (const file of imports) if (!files.has(file)) wanted.push({ file_by_filename: file })
    }
  }
  return Buffer.concat(
    [...files.values()].flatMap((bytes) => [Buffer.from([0x0a]), varint(bytes.length), bytes]),
  )
}

const varint = (value: number): Buffer => {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}

/** Name (field 1) and imports (field 3) of a FileDescriptorProto, whose first fields they are. */
const readFile = (bytes: Buffer): { name: string; imports: string[] } => {
  let name = ''
  const imports: string[] = []
  let at = 0
  const number = (): number => {
    let value = 0
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at]!
      at += 1
      value += (byte & 0x7f) * scale
      if (byte < 128) break
    }
    return value
  }
  while (at < bytes.length) {
    const tag = number()
    const kind = tag & 7
    if (kind === 0) number()
    else if (kind === 1) at += 8
    else if (kind === 5) at += 4
    else {
      const length = number()
      const text = bytes.subarray(at, at + length)
      if (tag >> 3 === 1) name = text.toString()
      if (tag >> 3 === 3) imports.push(text.toString())
      at += length
    }
  }
  return { name, imports }
}
