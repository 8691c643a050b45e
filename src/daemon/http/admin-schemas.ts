import { Type } from '../../core/schema.ts'
import { health } from './listing-schemas.ts'

/** Shapes of the admin routes. */

const closed = { additionalProperties: false }
const count = (description: string) => Type.Integer({ minimum: 0, description })
const milliseconds = (description: string) => Type.Number({ minimum: 0, description })

export const statusSchema = Type.Object(
  {
    pid: Type.Integer(),
    version: Type.String(),
    url: Type.String(),
    startedAt: Type.String({ description: 'ISO 8601.' }),
    uptimeMs: milliseconds('Time since the start.'),
    stateDir: Type.String(),
    configPath: Type.Optional(Type.String()),
    draining: Type.Boolean(),
    rssBytes: count('Resident memory of the daemon, without its sidecars.'),
    requests: Type.Object(
      { total: count('Since the start.'), failed: count('Of those.'), inFlight: count('Now.') },
      closed,
    ),
    backends: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          adapter: Type.String(),
          source: Type.Optional(
            Type.String({ description: 'File or command of an adapter that mcpd did not bring.' }),
          ),
          loads: Type.Optional(count('Versions of that file that this process has loaded.')),
          url: Type.Optional(Type.String()),
          health,
          circuit: Type.Enum(['closed', 'open', 'half-open']),
          draining: Type.Boolean({ description: 'It finishes what it has and is given nothing new.' }),
          inFlight: count('Requests it works on.'),
          queued: count('Requests that wait for a slot.'),
          models: Type.Array(Type.String()),
        },
        closed,
      ),
    ),
  },
  { ...closed, $id: 'Status' },
)

const names = (description: string) => Type.Array(Type.String(), { description })

export const reloadReportSchema = Type.Object(
  {
    added: names('Backends that are new.'),
    replaced: names('Backends whose settings changed.'),
    removed: names('Backends that are gone.'),
    kept: names('Backends that go on as they were.'),
    restartNeeded: names('Settings that changed but only hold after a restart.'),
    advice: names('What is worth knowing besides.'),
    switchMs: milliseconds('From when the new was ready until it took over.'),
  },
  { ...closed, $id: 'ReloadReport' },
)

export const backendEntrySchema = Type.Object(
  { name: Type.String({ minLength: 1 }), adapter: Type.String({ minLength: 1 }) },
  { $id: 'BackendEntry', description: 'As an entry of backends in mcpd.yaml.' },
)

export const backendChangeSchema = Type.Object(
  { adapter: Type.Optional(Type.String({ minLength: 1 })) },
  { $id: 'BackendChange', description: 'Options of the backend that take new values, such as url.' },
)

export const drainReportSchema = Type.Object(
  {
    name: Type.String(),
    draining: Type.Boolean(),
    inFlight: count('Requests it still works on.'),
  },
  { ...closed, $id: 'DrainReport' },
)

/** Shared by all scopes; the two of request bodies are added where they are used. */
export const adminSchemas = [statusSchema, reloadReportSchema, drainReportSchema]
