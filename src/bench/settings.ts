import { readFile } from 'node:fs/promises'
import type { Static } from 'typebox'
import { Type } from '../core/schema.ts'
import { Compile } from 'typebox/compile'
import { parse } from 'yaml'
import { McpdError } from '../core/errors.ts'
import { durationPattern } from '../core/quantity.ts'

const duration = (description: string) =>
  Type.Optional(Type.String({ pattern: durationPattern, description }))
const sizes = (description: string) =>
  Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.String()], { description }))
const list = (description: string) =>
  Type.Optional(
    Type.Union([Type.Number(), Type.String(), Type.Array(Type.Number(), { minItems: 1 })], { description }),
  )

/** What a run can be told, by flags or in a scenario file; flags win. */
export const settingsSchema = Type.Object(
  {
    targets: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        description: 'URLs, or names of models and groups of the daemon.',
      }),
    ),
    model: Type.Optional(Type.String({ description: 'The model to ask for, of a target that is a URL.' })),
    api: Type.Optional(
      Type.Union([Type.Literal('openai'), Type.Literal('ollama'), Type.Literal('native')], {
        description: 'The API to speak.',
      }),
    ),
    operation: Type.Optional(
      Type.Union([Type.Literal('chat'), Type.Literal('complete'), Type.Literal('embed')], {
        description: 'What to ask for; chat unless said otherwise.',
      }),
    ),
    stream: Type.Optional(Type.Boolean({ description: 'Whether answers are streamed.' })),
    concurrency: list('Requests at once; several make a sweep. With a rate: the most at once.'),
    rate: list('Requests per second on a schedule; several make steps.'),
    arrivals: Type.Optional(
      Type.Union([Type.Literal('constant'), Type.Literal('poisson'), Type.Literal('gamma')], {
        description: 'How requests of a rate are spread.',
      }),
    ),
    burstiness: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 20,
        description: 'Of gamma: coefficient of variation of the gaps.',
      }),
    ),
    requests: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000_000, description: 'Requests per step.' }),
    ),
    duration: duration('Time per step.'),
    ramp: duration('Over which the slots of a closed load begin.'),
    warmup: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 100_000, description: 'Requests that do not count.' }),
    ),
    drain: duration('How long answers are waited for after a timed step.'),
    timeout: duration('Longest time for one request.'),
    inputTokens: sizes('Tokens per prompt: 256, 64-512, normal:256,64 or lognormal:256,0.5.'),
    outputTokens: sizes('Most tokens per answer, as inputTokens.'),
    sharedPrefix: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Tokens that all prompts begin with.' }),
    ),
    prompts: Type.Optional(Type.String({ description: 'File of prompts: lines, JSON lines or ShareGPT.' })),
    extra: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'Members for every request body.' }),
    ),
    seed: Type.Optional(Type.Integer({ description: 'Of everything that is drawn.' })),
    slo: Type.Optional(
      Type.Union([Type.String(), Type.Array(Type.String())], {
        description: 'Such as ttft=200ms,tpot=50ms.',
      }),
    ),
    sloShare: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: 'The part of requests that has to meet it.' }),
    ),
    maxErrorRate: Type.Optional(Type.Number({ minimum: 0, maximum: 1, description: 'More is exit code 1.' })),
    repeats: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        description: 'How often the same step is run, for comparisons.',
      }),
    ),
    threads: Type.Optional(Type.Integer({ minimum: 1, maximum: 64, description: 'Measuring threads.' })),
    faults: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Of the failure scenario: KIND@START+LENGTH, such as freeze@10s+3s.',
      }),
    ),
  },
  { additionalProperties: false },
)

export type Settings = Static<typeof settingsSchema>

const check = Compile(settingsSchema)

/** Throws USAGE that names the member at fault; `where` is what it came from. */
export const requireSettings = (value: unknown, where: string): Settings => {
  const [error] = check.Errors(value ?? {})
  if (!error) return value ?? {}
  const at = error.instancePath.slice(1).replaceAll('/', '.')
  const isUnknown = !Object.hasOwn(settingsSchema.properties, at.split('.')[0] ?? '')
  throw new McpdError(
    'USAGE',
    isUnknown && at !== ''
      ? `${where} has no setting "${at}".`
      : `${where}${at === '' ? '' : `, ${at}`} ${error.message}.`,
    { suggestions: [`There are ${Object.keys(settingsSchema.properties).join(', ')}.`] },
  )
}

/** Reads a scenario file: YAML with the settings as members. Throws USAGE. */
export const readScenario = async (path: string): Promise<Settings> => {
  let value: unknown
  try {
    value = parse(await readFile(path, 'utf8'))
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''
    throw new McpdError('USAGE', `The scenario ${path} cannot be read: ${why}`, {}, error)
  }
  return requireSettings(value, path)
}

/** `1,2,4`, a number or a list of numbers, all over 0. Throws USAGE. */
export const numbersOf = (value: string | number | readonly number[], what: string): readonly number[] => {
  const numbers = Array.isArray(value) ? (value as readonly number[]) : String(value).split(',').map(Number)
  if (numbers.length > 0 && numbers.every((number) => Number.isFinite(number) && number > 0)) return numbers
  throw new McpdError('USAGE', `${what} "${String(value)}" is no positive number, nor a list such as 1,2,4.`)
}
