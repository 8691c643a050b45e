import { hash } from 'node:crypto'
import { canonicalJson } from '../../core/canonical-json.ts'
import type { InferenceRequest } from '../../core/inference.ts'
import { isSecret } from '../../core/load-config.ts'
import type { Backend } from '../backend.ts'
import type { Route } from '../registry.ts'
import { version } from '../version.ts'

/** Under which an answer is found again. */
export interface AnswerKeys {
  /** By what the request means: for an answer that was translated, streamed or not. */
  readonly neutral: string
  /** By the body as it is: for an answer whose bytes passed through. Absent where none can. */
  readonly verbatim?: string
}

/**
 * Keys of a request at a route: SHA-256 of all that may change the answer, in a namespace of the tenant. Who sent it,
 * when and under which id is not in them, nor are headers. Throws BAD_REQUEST for what has no canonical form.
 */
export const answerKeys = (route: Route, request: InferenceRequest): AnswerKeys => {
  const { principal, input, stream, frame } = request
  const asked = {
    version,
    tenant: principal.tenant,
    group: route.group,
    targets: route.targets.map(({ backend, model }) => [placeOf(backend), model]),
    dialect: frame?.dialect,
    ...(frame && hasLongNumbers(frame.bytes) && { bytes: hash('sha256', frame.bytes) }),
  }
  const namespace = hash('sha256', principal.tenant, 'base64url').slice(0, 22)
  const keyOf = (more: object): string =>
    `${namespace}.${hash('sha256', canonicalJson({ ...asked, ...more }), 'base64url')}`
  return {
    neutral: keyOf({ input }),
    ...(frame && { verbatim: keyOf({ stream, body: { ...frame.body, model: undefined, mcpd: undefined } }) }),
  }
}

/** Numbers that are not the same, such as seeds of 64 bits, are one when they are parsed. */
const hasLongNumbers = (bytes: Buffer): boolean => /[:,[\s]-?\d{16}/.test(bytes.toString('latin1'))

const places = new WeakMap<Backend, string>()

/** What a backend is: two daemons may call different ones by one name. */
const placeOf = (backend: Backend): string => {
  const known = places.get(backend)
  if (known !== undefined) return known
  const { name, adapterType, code, config } = backend
  const place = hash(
    'sha256',
    canonicalJson([name, adapterType, code?.revision, withoutSecrets(config.options, '')]),
  )
  places.set(backend, place)
  return place
}

const withoutSecrets = (value: unknown, pointer: string): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, member]) => [name, `${pointer}/${name}`, member] as const)
      .filter(([, at]) => !isSecret(at))
      .map(([name, at, member]) => [name, withoutSecrets(member, at)]),
  )
}
