import { Flags } from '@oclif/core'

/** Flags of a run; each is also a member of a scenario file, in camel case. */
export const settingsFlags = {
  model: Flags.string({ description: 'model to ask for, where the target is a URL', helpGroup: 'TARGET' }),
  api: Flags.string({
    description: 'API to speak',
    options: ['openai', 'ollama', 'native'],
    helpGroup: 'TARGET',
  }),
  operation: Flags.string({
    description: 'what to ask for (default chat)',
    options: ['chat', 'complete', 'embed'],
    helpGroup: 'TARGET',
  }),
  stream: Flags.boolean({ description: 'stream the answers (default)', allowNo: true, helpGroup: 'TARGET' }),
  concurrency: Flags.string({
    char: 'c',
    description:
      'requests at once (default 4); several, such as 1,2,4, make a sweep; with --rate the most at once',
    helpGroup: 'LOAD',
  }),
  rate: Flags.string({
    description: 'requests per second on a schedule; several make steps',
    helpGroup: 'LOAD',
  }),
  arrivals: Flags.string({
    description: 'how the requests of a rate are spread (default poisson)',
    options: ['constant', 'poisson', 'gamma'],
    helpGroup: 'LOAD',
  }),
  burstiness: Flags.string({
    description: 'of gamma arrivals: coefficient of variation of the gaps; 1 is poisson',
    helpGroup: 'LOAD',
  }),
  requests: Flags.integer({ char: 'n', description: 'requests per step', min: 1, helpGroup: 'LOAD' }),
  duration: Flags.string({ char: 'd', description: 'time per step (default 30s)', helpGroup: 'LOAD' }),
  ramp: Flags.string({ description: 'time over which the slots of a closed load begin', helpGroup: 'LOAD' }),
  warmup: Flags.integer({
    description: 'requests before, that do not count; 0 for none',
    min: 0,
    helpGroup: 'LOAD',
  }),
  drain: Flags.string({
    description: 'how long answers are waited for at the end (default 30s)',
    helpGroup: 'LOAD',
  }),
  timeout: Flags.string({ description: 'longest time for one request (default 2m)', helpGroup: 'LOAD' }),
  'input-tokens': Flags.string({
    description: 'tokens per prompt (default 128): 256, 64-512, normal:256,64 or lognormal:256,0.5',
    helpGroup: 'WORKLOAD',
  }),
  'output-tokens': Flags.string({
    description: 'most tokens per answer (default 64), written as --input-tokens',
    helpGroup: 'WORKLOAD',
  }),
  'shared-prefix': Flags.integer({
    description: 'tokens that all prompts begin with',
    min: 0,
    helpGroup: 'WORKLOAD',
  }),
  prompts: Flags.string({
    description: 'file of prompts: one per line, JSON lines, or ShareGPT',
    helpValue: 'file',
    helpGroup: 'WORKLOAD',
  }),
  extra: Flags.string({
    description: 'members for every request body',
    helpValue: '{"ignore_eos":true}',
    helpGroup: 'WORKLOAD',
  }),
  seed: Flags.integer({ description: 'of everything that is drawn (default 1)', helpGroup: 'WORKLOAD' }),
  slo: Flags.string({
    description: 'objectives of a request, such as ttft=200ms,tpot=50ms',
    multiple: true,
    helpGroup: 'VERDICT',
  }),
  'slo-share': Flags.string({
    description: 'part of the requests that has to meet them (default 0.99)',
    helpGroup: 'VERDICT',
  }),
  'max-error-rate': Flags.string({
    description: 'part of the requests that may fail (default 0.01)',
    helpGroup: 'VERDICT',
  }),
  repeats: Flags.integer({
    description: 'run the same step so often, as a baseline for "mcpd bench gate"',
    min: 1,
    helpGroup: 'LOAD',
  }),
  threads: Flags.integer({ description: 'measuring threads (default 1)', min: 1, helpGroup: 'LOAD' }),
}

type Given = Readonly<Record<string, unknown>>

/** What the flags say, in the shape of a scenario file, yet unchecked. */
export const settingsOf = (flags: Given): Given => {
  const said: Record<string, unknown> = {}
  for (const name of Object.keys(settingsFlags)) {
    const value = flags[name]
    if (value === undefined) continue
    const key = name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
    said[key] =
      typeof value === 'string' && key === 'extra'
        ? parseOrText(value)
        : numeric.has(key)
          ? Number(value)
          : value
  }
  return said
}

const numeric: ReadonlySet<string> = new Set(['burstiness', 'sloShare', 'maxErrorRate'])

/** Text that is no JSON stays text, which the schema then refuses by name. */
const parseOrText = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
