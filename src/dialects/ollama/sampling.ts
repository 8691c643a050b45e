import type { Sampling } from '../../core/inference.ts'

type Options = Readonly<Record<string, unknown>>

/** Ollama's names of what Sampling knows, where the value is the same. */
const names = {
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  minP: 'min_p',
  maxTokens: 'num_predict',
  stop: 'stop',
  seed: 'seed',
  presencePenalty: 'presence_penalty',
  frequencyPenalty: 'frequency_penalty',
  repeatPenalty: 'repeat_penalty',
} as const satisfies Partial<Record<keyof Sampling, string>>

/** Whole numbers, off which Ollama cuts the fraction. */
const whole: ReadonlySet<string> = new Set(['topK', 'maxTokens', 'seed'])

const known: ReadonlySet<string> = new Set(Object.values(names))

/** Values by which Ollama spells its defaults: no limit of output, a seed of its own choice. */
const isDefault = (member: string, value: unknown): boolean =>
  value == null ||
  (member === 'maxTokens' && (value as number) <= 0) ||
  (member === 'seed' && (value as number) < 0)

const read = (member: string, value: unknown): unknown =>
  typeof value === 'number' && whole.has(member) ? Math.trunc(value) : value

/** `options` of a request: what every dialect has a name for, and the rest as it came. */
export const decodeOptions = (
  options: Options | null | undefined,
): { sampling: Sampling; rest: Record<string, unknown> } => ({
  sampling: Object.fromEntries(
    Object.entries(names)
      .map(([member, name]) => [member, read(member, options?.[name])] as const)
      .filter(([member, value]) => !isDefault(member, value)),
  ),
  rest: Object.fromEntries(
    Object.entries(options ?? {}).filter(([name, value]) => value != null && !known.has(name)),
  ),
})

/** `options` of a request. The inverse of `decodeOptions`; logit_bias has no place in them. */
export const encodeOptions = (sampling: Sampling, rest: Options): Record<string, unknown> => ({
  ...rest,
  ...Object.fromEntries(
    Object.entries(names)
      .map(([member, name]) => [name, sampling[member as keyof typeof names]] as const)
      .filter(([, value]) => value !== undefined),
  ),
})
