import { createHash, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import { isIPv4 } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { McpdError } from '../../core/errors.ts'

export interface AccessOptions {
  /** The address that is bound. */
  readonly host: string
  /** Further names accepted in the Host header. */
  readonly hosts: readonly string[]
  /** Web origins that may call. */
  readonly origins: readonly string[]
  /** Asked of every request but health checks, if set. */
  readonly apiKey?: string
  /** Opens the admin routes over TCP. */
  readonly adminToken: string
  /** Connections of the admin socket: whoever can open it is the daemon's own user. */
  readonly local: WeakSet<Socket>
}

/** Routes that answer without a key, since load balancers have none. */
const openRoutes = new Set(['/healthz', '/readyz'])

export const isLoopback = (host: string): boolean =>
  host === 'localhost' ||
  host.endsWith('.localhost') ||
  host === '::1' ||
  (isIPv4(host) && host.startsWith('127.'))

/** The host of a Host header or URL authority, lower-case, without port and brackets. */
const hostOf = (authority: string): string =>
  authority
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()

/** Compares digests, so that neither the length nor the first differing byte shows in the time taken. */
const sameSecret = (expected: Buffer, given: string): boolean => timingSafeEqual(expected, digest(given))
const digest = (secret: string): Buffer => createHash('sha256').update(secret).digest()

const bearerOf = (request: FastifyRequest): string | undefined => {
  const { authorization } = request.headers
  if (authorization?.slice(0, 7).toLowerCase() === 'bearer ') return authorization.slice(7).trim()
  const key = request.headers['x-api-key']
  return typeof key === 'string' ? key : undefined
}

/**
 * Who may talk to the daemon, asked before anything of a request is looked at. A page in a browser can send
 * requests to loopback; the checks of Host (against rebound names) and Origin keep it out.
 * Throws FORBIDDEN or UNAUTHENTICATED.
 */
export const createAccess = (options: AccessOptions) => {
  const hosts = new Set([options.host, ...options.hosts].map((host) => host.toLowerCase()))
  const origins = new Set(options.origins)
  const key = options.apiKey === undefined ? undefined : digest(options.apiKey)
  const adminToken = digest(options.adminToken)

  const checkHost = (request: FastifyRequest): void => {
    const host = hostOf(request.headers.host ?? '')
    if (isLoopback(host) || (hosts.has(host) && host !== '')) return
    throw new McpdError('FORBIDDEN', 'The Host header names a host that this daemon is not configured for.', {
      suggestions: ['Add the name to listen.hosts in mcpd.yaml.'],
    })
  }

  /** A listed origin's name, to be allowed by CORS; undefined when there is none to allow. */
  const checkOrigin = (request: FastifyRequest): string | undefined => {
    const { origin } = request.headers
    if (origin === undefined || origin === `http://${request.headers.host}`) return undefined
    if (origins.has(origin)) return origin
    throw new McpdError('FORBIDDEN', 'Requests of this web origin are not allowed.', {
      suggestions: ['Add the origin to listen.origins in mcpd.yaml.'],
    })
  }

  const checkKey = (request: FastifyRequest, route: string): void => {
    const given = bearerOf(request)
    if (route.startsWith('/admin/')) {
      if (given !== undefined && sameSecret(adminToken, given)) return
      throw new McpdError('FORBIDDEN', 'Admin routes answer on the admin socket, or to the admin token.', {
        suggestions: ['Both are in the state directory of the daemon: admin.sock, admin.token.'],
      })
    }
    if (key === undefined || openRoutes.has(route)) return
    if (given !== undefined && sameSecret(key, given)) return
    throw new McpdError(
      'UNAUTHENTICATED',
      given === undefined ? 'An API key is needed.' : 'The API key is wrong.',
      {
        suggestions: ['Send it as "Authorization: Bearer KEY" or "x-api-key: KEY".'],
      },
    )
  }

  return (request: FastifyRequest, reply: FastifyReply): void => {
    if (options.local.has(request.raw.socket)) return
    checkHost(request)
    const origin = checkOrigin(request)
    if (origin !== undefined) {
      reply.header('access-control-allow-origin', origin).header('vary', 'origin')
      reply.header('access-control-expose-headers', 'x-request-id, x-mcpd-backend, x-mcpd-warnings')
      // A preflight carries no key.
      if (request.method === 'OPTIONS') return
    }
    // The route that was matched, not the URL: an escape such as /%61dmin would slip by a look at that.
    checkKey(request, request.routeOptions.url ?? '')
  }
}
