import { chmodSync } from 'node:fs'
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../core/config.ts'
import { McpdError } from '../core/errors.ts'
import { isLoopback } from './http/access.ts'

/** Throws CONFIG_INVALID for an address that others can reach while nothing keeps them out. */
export const refuseOpenDoor = ({ listen: { host, apiKey } }: Config, insecure: boolean): void => {
  if (isLoopback(host) || apiKey !== undefined || insecure) return
  throw new McpdError('CONFIG_INVALID', `Listening on ${host} without a key would let anybody in.`, {
    suggestions: [
      'Set listen.apiKey in mcpd.yaml (apiKey: "${env:NAME}") or MCPD_API_KEY.',
      'Or pass --insecure, if the network in front of it is really closed.',
    ],
  })
}

/** How long answers that are complete may take to get out. */
const lingerMs = 1000

/** Closes the server, whose requests have been drained. A connection that says nothing does not hold it up. */
export const closeServer = async (app: FastifyInstance): Promise<void> => {
  const timer = setTimeout(() => app.server.closeAllConnections(), lingerMs)
  try {
    await app.close()
  } finally {
    clearTimeout(timer)
  }
}

/** Binds and says the URL by which it is reached. Throws CONFIG_INVALID. */
export const listen = async (app: FastifyInstance, { listen: { host, port } }: Config): Promise<string> => {
  try {
    await app.listen({ host, port })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'EADDRINUSE'
        ? `port ${port} is in use`
        : code === 'EACCES'
          ? `port ${port} needs rights that this user has not`
          : code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND'
            ? `${host} is no address of this machine`
            : (error as Error).message
    throw new McpdError(
      'CONFIG_INVALID',
      `Cannot listen on ${host}:${port}: ${why}.`,
      { suggestions: ['Choose another by --port; 0 picks a free one.'] },
      error,
    )
  }
  const address = app.server.address() as AddressInfo
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${address.port}`
}

const ollamaPort = 11434

/** The same routes where tools look for Ollama, if nobody is there. Says what came of it. */
export const listenAsOllama = async (
  stack: AsyncDisposableStack,
  app: FastifyInstance,
  { listen: { host } }: Config,
): Promise<string> => {
  const server = createHttpServer((request, response) => app.routing(request, response))
  try {
    await bind(server, { host, port: ollamaPort })
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'it is taken' : (error as Error).message
    return `Port ${ollamaPort} of Ollama could not be had: ${why}.`
  }
  stack.defer(() => unbind(server))
  return `Listens as Ollama on http://${host}:${ollamaPort} too.`
}

const bind = (server: HttpServer, place: { path: string } | { host: string; port: number }): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(place, resolve)
  })

const unbind = (server: HttpServer): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })

/** The same routes on a socket that only the daemon's own user can open. */
export const openAdminSocket = async (
  stack: AsyncDisposableStack,
  app: FastifyInstance,
  path: string,
  local: WeakSet<Socket>,
): Promise<void> => {
  const server = createHttpServer((request, response) => app.routing(request, response))
  server.on('connection', (socket) => local.add(socket))
  const before = process.umask(0o177)
  try {
    await bind(server, { path })
  } finally {
    process.umask(before)
  }
  chmodSync(path, 0o600)
  stack.defer(() => unbind(server))
}
