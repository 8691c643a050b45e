import type { Static } from 'typebox'
import { Type } from './schema.ts'
import { durationPattern, fitsTimer, sizePattern } from './quantity.ts'
import { answerCacheSchema } from './cache-config.ts'
import { contextsSchema } from './context-config.ts'
import { fuzzSchema } from './fuzz-config.ts'
import { specsSchema } from './spec-config.ts'

const duration = (description: string, byDefault: string) =>
  Type.Refine(
    Type.String({ pattern: durationPattern, description, default: byDefault }),
    fitsTimer,
    () => 'must be at most 24d, the longest a timer can wait',
  )
const size = (description: string, byDefault: string) =>
  Type.String({ pattern: sizePattern, description, default: byDefault })
const count = (description: string, byDefault: number, minimum = 1) =>
  Type.Integer({ minimum, maximum: 1_000_000, description, default: byDefault })
const closed = { additionalProperties: false }

/** Waits that the file sets for all backends and for each. */
export const waits = {
  queue: Type.Optional(duration('Longest wait for a free slot of a backend.', '30s')),
  firstToken: Type.Optional(
    duration('Longest wait for the first output; must allow for a model being loaded.', '5m'),
  ),
  idle: Type.Optional(duration('Longest silence between two outputs of a stream.', '2m')),
}
const total = Type.Optional(duration('Longest time for a whole request, queue included.', '30m'))
const timeouts = Type.Object({ ...waits, total }, closed)

export const sidecar = Type.Object(
  {
    command: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        maxItems: 100,
        description: 'A program that speaks the sidecar protocol, and its arguments; instead of adapter.',
      }),
    ),
    cwd: Type.Optional(
      Type.String({ minLength: 1, description: 'Where it runs; default: the folder of the config file.' }),
    ),
    env: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }), Type.String(), {
        description: 'Variables of its environment besides those of the daemon.',
      }),
    ),
    memoryMax: Type.Optional(
      Type.String({
        pattern: sizePattern,
        description: 'Resident memory at which it is ended and started again. Default: none.',
      }),
    ),
  },
  { ...closed, description: 'Run the adapter in a child process, which may crash, hang and leak alone.' },
)

const backend = Type.Object(
  {
    name: Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
      description: 'Unique name; usable in model ids and paths in place of the adapter.',
    }),
    adapter: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Adapter type, such as openai or embedded, or the path of a module of your own, such as ./my-adapter.ts.',
      }),
    ),
    sidecar: Type.Optional(sidecar),
    concurrency: Type.Optional(count('Requests sent to the backend at once; more wait in its queue.', 64)),
    queueMax: Type.Optional(count('Requests that may wait; more are refused with QUEUE_FULL.', 512, 0)),
    timeouts: Type.Optional(Type.Object(waits, closed)),
    breaker: Type.Optional(
      Type.Object(
        {
          failures: Type.Optional(count('Failures in a row that open the circuit.', 5)),
          cooldown: Type.Optional(
            duration('How long an open circuit refuses before one probe is let through.', '10s'),
          ),
        },
        closed,
      ),
    ),
    cache: Type.Optional(answerCacheSchema),
  },
  { description: 'A running runtime. Members beside these are the options of its adapter.' },
)

const target = Type.Union(
  [
    Type.String({ pattern: '^[^/]+/.+$', description: 'backend/model' }),
    Type.Object(
      {
        target: Type.String({ pattern: '^[^/]+/.+$', description: 'backend/model' }),
        weight: Type.Optional(
          Type.Number({
            minimum: 0,
            maximum: 1000,
            default: 1,
            description: 'Share of the load by strategy weighted; 0 = only when all others fail.',
          }),
        ),
      },
      closed,
    ),
  ],
  { description: 'A model of a backend.' },
)

export const strategies = ['p2c', 'least-busy', 'weighted', 'sticky'] as const
export type Strategy = (typeof strategies)[number]

export const group = Type.Object(
  {
    name: Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$',
      description: 'The model name that clients use for it.',
    }),
    targets: Type.Array(target, { minItems: 1, maxItems: 256 }),
    strategy: Type.Optional(
      Type.Enum([...strategies], {
        default: 'p2c',
        description:
          'p2c: the better of two at random, by latency and load; least-busy; weighted; sticky: the same target for the same key.',
      }),
    ),
    stickyBy: Type.Optional(
      Type.String({
        pattern: '^(prompt_cache_key|user|header:[A-Za-z0-9-]+)$',
        default: 'prompt_cache_key',
        description: 'What strategy sticky goes by; a request without it is placed as by p2c.',
      }),
    ),
    cache: Type.Optional(answerCacheSchema),
  },
  { ...closed, description: 'Backends that share the load of one model name.' },
)

const retries = Type.Object(
  {
    max: Type.Optional(count('Further attempts after a failed one, on other targets first.', 2, 0)),
    budget: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0.2,
        description: 'Retries allowed per request over all requests; a storm of failures is not doubled.',
      }),
    ),
    backoff: Type.Optional(
      duration('Wait before the same target is tried again; doubled each time, with jitter.', '100ms'),
    ),
    retryAfterMax: Type.Optional(duration('Longest retry-after of a backend that is waited for.', '2s')),
  },
  closed,
)

/** The shape of mcpd.yaml. Durations and sizes are strings here; `resolveConfig` makes them numbers. */
export const configFileSchema = Type.Object(
  {
    listen: Type.Optional(
      Type.Object(
        {
          host: Type.Optional(
            Type.String({ minLength: 1, description: 'Address to bind.', default: '127.0.0.1' }),
          ),
          port: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: 65_535,
              description: 'TCP port; 0 picks a free one.',
              default: 6273,
            }),
          ),
          apiKey: Type.Optional(
            Type.String({
              minLength: 1,
              description:
                'Key that clients must send as Bearer or x-api-key. Needed on a non-loopback host.',
            }),
          ),
          hosts: Type.Optional(
            Type.Array(Type.String({ minLength: 1 }), {
              description: 'Host names accepted in the Host header besides loopback names and listen.host.',
              default: [],
            }),
          ),
          origins: Type.Optional(
            Type.Array(Type.String({ pattern: '^https?://[^/]+$' }), {
              description: 'Web origins allowed to call, such as https://app.example.',
              default: [],
            }),
          ),
          bodyMax: Type.Optional(size('Largest request body.', '32MB')),
        },
        closed,
      ),
    ),
    backends: Type.Optional(Type.Array(backend, { maxItems: 1000 })),
    groups: Type.Optional(Type.Array(group, { maxItems: 1000 })),
    retries: Type.Optional(retries),
    specs: Type.Optional(specsSchema),
    fuzz: Type.Optional(fuzzSchema),
    contexts: Type.Optional(contextsSchema),
    timeouts: Type.Optional(timeouts),
    shutdown: Type.Optional(
      Type.Object(
        { drain: Type.Optional(duration('How long running requests may go on after a stop.', '30s')) },
        closed,
      ),
    ),
    log: Type.Optional(
      Type.Object(
        {
          level: Type.Optional(
            Type.Enum(['trace', 'debug', 'info', 'warn', 'error'], {
              description: 'Least severe level that is written.',
              default: 'info',
            }),
          ),
          file: Type.Optional(
            Type.String({
              minLength: 1,
              description: 'Log file; default: log.jsonl in the state directory.',
            }),
          ),
        },
        closed,
      ),
    ),
    stateDir: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Where the daemon keeps its lock, socket, token and log. Default: $XDG_STATE_HOME/mcpd.',
      }),
    ),
  },
  { ...closed, $id: 'https://mcpd.invalid/schema/config.json', title: 'mcpd.yaml' },
)

export type ConfigFile = Static<typeof configFileSchema>
/** Members beside the schema's are options of the adapter. */
export type BackendEntry = Static<typeof backend> & { readonly [option: string]: unknown }
