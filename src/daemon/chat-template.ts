import type { Template } from '@huggingface/jinja'
import { McpdError } from '../core/errors.ts'
import type { ChatInput, Message } from '../core/inference.ts'

/** What a template may want to know beside the messages. */
export interface TemplateWords {
  readonly bosToken?: string
  readonly eosToken?: string
}

/** Templates that are kept compiled. */
const compiledMax = 64
const compiled = new Map<string, Template>()

/**
 * The prompt that a model's chat template makes of messages. Templates are Jinja, as models are published with them,
 * rendered by @huggingface/jinja. Throws BAD_REQUEST for messages that the template refuses or that are no text,
 * CONFIG_INVALID for a template that is none.
 */
export const renderChat = async (
  source: string,
  { messages }: ChatInput,
  { bosToken = '', eosToken = '' }: TemplateWords,
): Promise<string> => {
  const template = await compile(source)
  try {
    return template.render({
      messages: messages.map(plain),
      add_generation_prompt: messages.at(-1)?.role !== 'assistant',
      bos_token: bosToken,
      eos_token: eosToken,
      tools: null,
    })
  } catch (error) {
    const why = (error as Error).message
    throw new McpdError(
      'BAD_REQUEST',
      `The model's chat template refuses the messages: ${why}`,
      { param: 'messages' },
      error,
    )
  }
}

const compile = async (source: string): Promise<Template> => {
  const known = compiled.get(source)
  if (known) return known
  const { Template: Compiled } = await import('@huggingface/jinja')
  try {
    const template = new Compiled(source)
    if (compiled.size >= compiledMax) compiled.clear()
    compiled.set(source, template)
    return template
  } catch (error) {
    throw new McpdError(
      'CONFIG_INVALID',
      `The model's chat template is no Jinja template: ${(error as Error).message}`,
      { suggestions: ["Correct chatTemplate of the model in the backend's entry of the config."] },
      error,
    )
  }
}

const plain = ({ role, content, name }: Message) => ({
  role: role === 'developer' ? 'system' : role,
  content:
    typeof content === 'string'
      ? content
      : (content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join(''),
  ...(name !== undefined && { name }),
})
