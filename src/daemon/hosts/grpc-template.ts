import { McpdError } from '../../core/errors.ts'
import type { InferenceRequest, Message } from '../../core/inference.ts'
import { isRecord } from '../../dialects/wire.ts'

/** Requests of mcpd as messages of a service that mcpd does not know, and back. */

/** What a template may name, `{{so}}`. */
const variables = [
  'id',
  'model',
  'stream',
  'prompt',
  'messages',
  'last_message',
  'input',
  'text',
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'max_tokens',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'repetition_penalty',
] as const
type Variable = (typeof variables)[number]
type Values = Readonly<Partial<Record<Variable, unknown>>>

const named = /\{\{\s*(\w+)\s*\}\}/g

/** The variables of a template. Throws CONFIG_INVALID for one that there is not. */
export const variablesOf = (template: unknown): ReadonlySet<Variable> => {
  const found = new Set([...JSON.stringify(template).matchAll(named)].map(([, name]) => name!))
  for (const name of found)
    if (!variables.some((known) => known === name))
      throw new McpdError(
        'CONFIG_INVALID',
        `requestTemplate names {{${name}}}; there are ${variables.join(', ')}.`,
      )
  return found as ReadonlySet<Variable>
}

/** A text that is nothing but a variable becomes its value; a member whose variable has none is left out. */
export const expand = (template: unknown, values: Values): unknown => {
  if (typeof template === 'string') {
    const [whole, name] = /^\{\{\s*(\w+)\s*\}\}$/.exec(template) ?? []
    if (whole !== undefined) return values[name as Variable]
    return template.replaceAll(named, (_, inner: Variable) => inText(values[inner]))
  }
  if (Array.isArray(template))
    return template.map((part) => expand(part, values)).filter((part) => part !== undefined)
  if (!isRecord(template)) return template
  return Object.fromEntries(
    Object.entries(template).flatMap(([name, part]) => {
      const value = expand(part, values)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

const inText = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)

const samplingNames = {
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  minP: 'min_p',
  maxTokens: 'max_tokens',
  stop: 'stop',
  seed: 'seed',
  presencePenalty: 'presence_penalty',
  frequencyPenalty: 'frequency_penalty',
  repeatPenalty: 'repetition_penalty',
} as const

export interface RequestValues {
  readonly values: Values
  /** What the client set and a template might leave out, by its name in requests. */
  readonly set: readonly string[]
}

export const valuesOf = ({ id, model, input, stream }: InferenceRequest): RequestValues => {
  const base = { id, model, stream }
  switch (input.operation) {
    case 'chat':
    case 'complete': {
      const { logitBias, ...sampling } = input.sampling
      const named = Object.fromEntries(
        Object.entries(sampling).map(([key, value]) => [
          samplingNames[key as keyof typeof samplingNames],
          value,
        ]),
      )
      const set = [
        ...Object.keys(named),
        ...(logitBias ? ['logit_bias'] : []),
        ...Object.keys(input.extra),
        ...unnamed(input),
      ]
      if (input.operation === 'complete')
        return { values: { ...base, ...named, prompt: input.prompts[0] }, set }
      const messages = input.messages.map(plain)
      return { values: { ...base, ...named, messages, last_message: messages.at(-1)?.content }, set }
    }
    case 'embed':
      return {
        values: { ...base, input: input.inputs },
        set: [...Object.keys(input.extra), ...unnamed(input)],
      }
    case 'tokenize':
      return { values: { ...base, text: input.text, messages: input.messages?.map(plain) }, set: [] }
    default:
      return { values: base, set: [] }
  }
}

/** Members of an input that no template can name. */
const unnamed = (input: object): string[] => {
  const words: Readonly<Record<string, string>> = {
    tools: 'tools',
    toolChoice: 'tool_choice',
    responseFormat: 'response_format',
    reasoningEffort: 'reasoning_effort',
    parallelToolCalls: 'parallel_tool_calls',
    topLogprobs: 'logprobs',
    suffix: 'suffix',
    echo: 'echo',
    dimensions: 'dimensions',
  }
  return Object.entries(input).flatMap(([name, value]) =>
    value !== undefined && value !== false && Object.hasOwn(words, name) ? [words[name]!] : [],
  )
}

const plain = ({ role, content }: Message) => ({
  role,
  content:
    typeof content === 'string'
      ? content
      : (content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join(''),
})

/** The value at a path such as `choices.0.text`; `*` stands for each of a list. */
export const pickValue = (message: unknown, path: string): unknown =>
  path.split('.').reduce<{ readonly value: unknown; readonly isList: boolean }>(
    ({ value, isList }, step) => {
      if (step === '*') return { value: Array.isArray(value) ? value : [], isList: true }
      const take = (from: unknown): unknown =>
        Array.isArray(from) ? from[Number(step)] : isRecord(from) ? from[step] : undefined
      return { value: isList && Array.isArray(value) ? value.map(take) : take(value), isList }
    },
    { value: message, isList: false },
  ).value
