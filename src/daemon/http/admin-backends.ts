import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { type BackendEntry, configFileSchema } from '../../core/config-schema.ts'
import { McpdError } from '../../core/errors.ts'
import { checkLater } from '../../core/schema-check.ts'
import type { Backend } from '../backend.ts'
import { changedEntry, withBackend, withoutBackend } from '../overlay.ts'
import type { Registry } from '../registry.ts'
import type { Reloader } from '../reload.ts'
import { answers, problem } from './documented.ts'
import { backendChangeSchema, backendEntrySchema } from './admin-schemas.ts'

export interface BackendAdminParts {
  readonly registry: Registry
  readonly reloader: Reloader
  /** How long a drain waits for running requests. */
  readonly drainMs: number
  /** Connections of the daemon's own user, who may start programs as well as the daemon may. */
  readonly local: WeakSet<Socket>
}

const checkFile = checkLater(configFileSchema)

const params = { type: 'object', properties: { name: { type: 'string', description: 'The backend.' } } }
const report = { 200: answers('ReloadReport', 'What changed.'), ...problem }
type ByName = { Params: { name: string } }

/** Adds, swaps, drains and removes backends while the daemon runs; gone with it, unlike what is in mcpd.yaml. */
export const backendAdmin =
  (parts: BackendAdminParts) =>
  (app: FastifyInstance): void => {
    app.addSchema(backendEntrySchema).addSchema(backendChangeSchema)
    const { registry, reloader, local } = parts
    /** A token that leaks must not be a shell on this machine: code is named in the config or over the socket. */
    const refuseCode = (socket: Socket, { adapter, sidecar }: Partial<BackendEntry>): void => {
      if (local.has(socket)) return
      const param = sidecar === undefined ? (isModulePath(adapter) ? 'adapter' : undefined) : 'sidecar'
      if (param === undefined) return
      throw new McpdError('FORBIDDEN', `Over TCP no backend may bring code of its own ("${param}").`, {
        param,
        suggestions: [
          'Write it into mcpd.yaml, or run the command on the machine of the daemon, as its user.',
        ],
      })
    }
    const find = (name: string): Backend => {
      const backend = registry.backends.find((one) => one.name === name)
      if (backend) return backend
      const names = registry.backends.map((one) => one.name)
      throw new McpdError('NOT_FOUND', `There is no backend "${name}".`, {
        suggestions: [`There are ${names.join(', ')}.`],
      })
    }

    app.post<{ Body: BackendEntry }>(
      '/admin/backends',
      {
        schema: {
          tags: ['Admin'],
          operationId: 'addBackend',
          summary: 'Add a backend',
          description: 'It must answer its health check first.',
          body: { $ref: 'BackendEntry#' },
          response: report,
        },
      },
      async ({ raw, body }) => {
        refuseCode(raw.socket, body)
        if (registry.backends.some(({ name }) => name === body.name))
          throw new McpdError('CONFLICT', `There is a backend "${body.name}" already.`, {
            suggestions: ['Swap it, or choose another name.'],
          })
        const entry = checkEntry(body)
        return reloader.change((overlay) => withBackend(overlay, entry), body.name)
      },
    )

    app.patch<ByName & { Body: Readonly<Record<string, unknown>> }>(
      '/admin/backends/:name',
      {
        schema: {
          tags: ['Admin'],
          operationId: 'swapBackend',
          summary: 'Swap a backend for one with other options',
          description:
            'The new one is started and must answer its health check; then it takes over, and the old one finishes what it has.',
          params,
          body: { $ref: 'BackendChange#' },
          response: report,
        },
      },
      async ({ raw, params: { name }, body }) => {
        refuseCode(raw.socket, body)
        const entry = checkEntry(changedEntry(find(name).config, body))
        return reloader.change((overlay) => withBackend(overlay, entry), name)
      },
    )

    app.delete<ByName>(
      '/admin/backends/:name',
      {
        schema: {
          tags: ['Admin'],
          operationId: 'removeBackend',
          summary: 'Remove a backend; it finishes what it has',
          params,
          response: report,
        },
      },
      async ({ params: { name } }) => {
        find(name)
        return reloader.change((overlay) => withoutBackend(overlay, name))
      },
    )

    app.post<ByName & { Querystring: { undo?: string } }>(
      '/admin/backends/:name/drain',
      {
        schema: {
          tags: ['Admin'],
          operationId: 'drainBackend',
          summary: 'Give a backend nothing new, and wait until it has finished',
          params,
          querystring: {
            type: 'object',
            properties: { undo: { type: 'string', enum: ['true'], description: 'Give it requests again.' } },
          },
          response: { 200: answers('DrainReport', 'How far it came.'), ...problem },
        },
      },
      async ({ params: { name }, query }) => {
        const backend = find(name)
        backend.draining = query.undo !== 'true'
        if (backend.draining) await backend.queue.drained(parts.drainMs)
        return { name, draining: backend.draining, inFlight: backend.queue.inFlight }
      },
    )
  }

const isModulePath = (adapter: string | undefined): boolean => adapter !== undefined && /[/\\]/.test(adapter)

/** The same check as of the file. */
const checkEntry = (entry: BackendEntry): BackendEntry => {
  const file = { backends: [entry] }
  if (checkFile.Check(file)) return entry
  const [first] = checkFile.Errors(file)
  const param = first?.instancePath.replace('/backends/0/', '') ?? ''
  throw new McpdError('BAD_REQUEST', `${param} ${first?.message}.`, { param })
}
