import type { Operation } from '../api/operation.ts'
import type { Identity } from '../call.ts'
import type { Credentials } from '../settings.ts'

/** The headers that say who asks. */
export const credentialHeaders = (
  credentials: Credentials | undefined,
): readonly (readonly [string, string])[] => {
  if (!credentials) return []
  if (credentials.kind === 'bearer') return [['authorization', `Bearer ${credentials.token}`]]
  if (credentials.kind === 'basic')
    return [['authorization', basic(credentials.username, credentials.password)]]
  return [[credentials.name.toLowerCase(), credentials.value]]
}

const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
/** Well-formed, signed with nothing anybody has, and over since 2001. */
const expiredToken = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded({ sub: 'mcpd', iat: 1_000_000_000, exp: 1_000_000_001 })}.bWNwZA`

/** Headers of an identity at an operation. Wrong ones have the shape of the right ones, so that they are looked at. */
export const identityHeaders = (
  identity: Identity,
  credentials: { readonly first?: Credentials | undefined; readonly second?: Credentials | undefined },
  operation: Operation,
): readonly (readonly [string, string])[] => {
  if (identity === 'first') return credentialHeaders(credentials.first)
  if (identity === 'second') return credentialHeaders(credentials.second)
  if (identity === 'none') return []
  return wrongHeaders(identity, shapeOf(credentials.first, operation))
}

/** How the right credentials look: as given, else as the document says. */
const shapeOf = (given: Credentials | undefined, { security }: Operation): Credentials => {
  if (given) return given
  const scheme = security[0]?.[0]
  if (scheme?.type === 'apiKey' && scheme.in === 'header')
    return { kind: 'header', name: scheme.key, value: '' }
  if (scheme?.type === 'apiKey' && scheme.in === 'cookie')
    return { kind: 'header', name: 'cookie', value: `${scheme.key}=` }
  return scheme?.scheme === 'basic'
    ? { kind: 'basic', username: '', password: '' }
    : { kind: 'bearer', token: '' }
}

const wrongHeaders = (
  identity: 'garbage' | 'expired' | 'wrong-scheme',
  shape: Credentials,
): readonly (readonly [string, string])[] => {
  const wrong = identity === 'expired' ? expiredToken : 'mcpd-wrong-credentials'
  if (shape.kind === 'header') {
    if (identity === 'wrong-scheme') return [['authorization', basic('mcpd', shape.value || 'mcpd')]]
    const name = /^([^=;]+)=/.exec(shape.value)?.[1]
    const isCookie = shape.name.toLowerCase() === 'cookie' && name !== undefined
    return [[shape.name.toLowerCase(), isCookie ? `${name}=${wrong}` : wrong]]
  }
  if (identity === 'wrong-scheme')
    // The right secret in the wrong scheme: only who looks at the scheme refuses it.
    return [
      [
        'authorization',
        shape.kind === 'bearer' ? `Basic ${shape.token || 'bWNwZDptY3Bk'}` : `Bearer ${shape.username}`,
      ],
    ]
  return [['authorization', shape.kind === 'bearer' ? `Bearer ${wrong}` : basic('mcpd', wrong)]]
}
