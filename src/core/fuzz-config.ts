import { resolve } from 'node:path'
import type { Static } from 'typebox'
import { Type } from './schema.ts'
import { durationPattern } from './quantity.ts'

const closed = { additionalProperties: false }
const text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))
const texts = (description: string) =>
  Type.Optional(Type.Array(Type.String({ minLength: 1 }), { maxItems: 1000, description }))
const duration = (description: string) =>
  Type.Optional(Type.String({ pattern: durationPattern, description }))

const login = Type.Object(
  {
    path: Type.String({
      pattern: '^/',
      description: 'Where to log in, below the base URL of the target.',
    }),
    method: Type.Optional(
      Type.Enum(['POST', 'PUT', 'GET'], { description: 'Method of the request.', default: 'POST' }),
    ),
    body: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'Body as JSON, such as user and password; write secrets as ${env:NAME}.',
      }),
    ),
    answer: Type.Optional(
      Type.String({
        pattern: '^/',
        description: 'JSON pointer to the token in the answer.',
        default: '/token',
      }),
    ),
    header: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9-]+$',
        description: 'Header for the token; by default it is sent as Bearer.',
      }),
    ),
  },
  { ...closed, description: 'A request that gives credentials, sent again when answers become 401.' },
)

/** `fuzz` in mcpd.yaml: what the flags of `mcpd fuzz` say, for every run. */
export const fuzzSchema = Type.Object(
  {
    url: text('Base URL of the target.'),
    auth: text('bearer:TOKEN, basic:USER:PASS or header:NAME=VALUE; write secrets as ${env:NAME}.'),
    auth2: text('Credentials of a second identity.'),
    login: Type.Optional(login),
    login2: Type.Optional(login),
    headers: texts('Headers of every request, as "Name: value".'),
    allowHosts: texts('Hosts that are not this machine and may be tested.'),
    time: duration('Longest time for all. Default 60s.'),
    maxExamples: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'Random cases per operation.' }),
    ),
    seed: Type.Optional(Type.Integer({ description: 'Of everything that is drawn.' })),
    phases: text('Some of probe, examples, coverage, stateful and random, with commas.'),
    include: texts('Operations to test.'),
    exclude: texts('Operations to leave out.'),
    checks: text('Checks to make, or with a minus not to make.'),
    rate: text('Most requests per second, or per minute as 100/m.'),
    workers: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 64, description: 'Requests at the same time. Default 8.' }),
    ),
    timeout: duration('Longest time for one answer.'),
    maxTokens: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000,
        description: 'Most tokens that a call asks for. Default 16.',
      }),
    ),
    maxResponseTime: duration('Slower answers are findings.'),
    failOn: Type.Optional(
      Type.Enum(['critical', 'high', 'medium', 'low', 'none'], {
        description: 'Least severe finding that makes the exit code 1.',
      }),
    ),
    baseline: text('Report whose findings are known, relative to the config file.'),
    hooks: text('Module with beforeRequest, afterResponse and reset, relative to the config file.'),
  },
  { ...closed, description: 'Settings of "mcpd fuzz"; its flags win over them.' },
)

/** Paths are absolute; everything else as it is written. */
export type FuzzConfig = Static<typeof fuzzSchema>
export type FuzzLogin = Static<typeof login>

/** `folder` is where relative paths start. */
export const resolveFuzz = (file: FuzzConfig | undefined, folder: string): FuzzConfig => ({
  ...file,
  ...(file?.baseline !== undefined && { baseline: resolve(folder, file.baseline) }),
  ...(file?.hooks !== undefined && { hooks: resolve(folder, file.hooks) }),
})
