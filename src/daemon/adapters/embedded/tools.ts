import type { ChatHistoryItem, ChatModelFunctions, GbnfJsonSchema } from 'node-llama-cpp'
import { McpdError } from '../../../core/errors.ts'
import type { Tool } from '../../../core/inference.ts'
import { toGrammarSchema } from './schema.ts'

const noParameters = { type: 'object', properties: {}, additionalProperties: false } as const

export interface Functions {
  readonly functions: ChatModelFunctions
  /** The tool behind the name of a function: those of functions have no other characters than grammars know. */
  readonly toolOf: (name: string) => string
  readonly unenforced: readonly string[]
}

/** Tools as the model's own template presents them, for a model that may or may not call one. */
export const toFunctions = (tools: readonly Tool[]): Functions => {
  const unenforced: string[] = []
  const named = new Map<string, Tool>()
  const given = new Set(tools.map(({ name }) => name))
  for (const tool of tools) {
    const plain = tool.name.replaceAll(/[^A-Za-z0-9_-]/g, '_')
    const isTaken = plain !== tool.name && (given.has(plain) || named.has(plain))
    named.set(isTaken ? `${plain}_${named.size}` : plain, tool)
  }
  const functions = Object.fromEntries(
    [...named].map(([name, { description, parameters }]) => {
      const { schema, unenforced: more } = toGrammarSchema(parameters ?? noParameters)
      unenforced.push(...more)
      return [name, { params: schema, ...(description !== undefined && { description }) }]
    }),
  )
  return { functions, toolOf: (name) => named.get(name)?.name ?? name, unenforced }
}

export interface ForcedCall {
  /** What the answer has to be: the arguments of the one tool, or which tool with which arguments. */
  readonly schema: GbnfJsonSchema
  readonly unenforced: readonly string[]
  /** Tells the model what is wanted; the grammar alone would leave it guessing. */
  readonly instruction: string
  /** Reads the call from what was generated; `argumentsText` is cut where the text is. */
  read(text: string): { readonly name: string; readonly argumentsText: string }
}

const describe = (tools: readonly Tool[]): string =>
  tools
    .map(({ name, description, parameters }) =>
      JSON.stringify({ name, description, parameters: parameters ?? {} }),
    )
    .join('\n')

const headPattern = /^\s*\{\s*"name"\s*:\s*"((?:[^"\\]|\\.)*)"\s*,\s*"arguments"\s*:\s*/

/** A model decides by itself whether it calls a tool; a grammar is what makes it. */
export const forceCall = (
  tools: readonly Tool[],
  choice: 'required' | { readonly name: string },
): ForcedCall => {
  const allowed = choice === 'required' ? tools : tools.filter(({ name }) => name === choice.name)
  const [only] = allowed
  if (!only)
    throw new McpdError(
      'BAD_REQUEST',
      choice === 'required'
        ? 'A tool call is required, but there are no tools.'
        : `There is no tool '${choice.name}'.`,
    )
  const intro = `You answer by calling a tool. The tools, one per line:\n${describe(allowed)}\n`
  if (allowed.length === 1) {
    const { schema, unenforced } = toGrammarSchema(only.parameters ?? noParameters)
    return {
      schema,
      unenforced,
      instruction: `${intro}Answer with nothing but the JSON object of the arguments for ${only.name}.`,
      read: (text) => ({ name: only.name, argumentsText: text.trim() }),
    }
  }
  // One schema per tool first: each has its own `$defs`.
  const each = allowed.map(({ name, parameters }) => ({
    name,
    ...toGrammarSchema(parameters ?? noParameters),
  }))
  const schema = {
    oneOf: each.map(({ name, schema }) => ({
      type: 'object' as const,
      properties: { name: { const: name }, arguments: schema },
    })),
  }
  const unenforced = each.flatMap((tool) => tool.unenforced)
  return {
    schema,
    unenforced,
    instruction: `${intro}Answer with nothing but {"name": the tool, "arguments": its arguments}.`,
    read: (text) => {
      const head = headPattern.exec(text)
      const name = head?.[1] ?? ''
      const rest = text.slice(head?.[0].length ?? text.length).trimEnd()
      return { name, argumentsText: endsWhole(text) ? rest.slice(0, -1).trimEnd() : rest }
    },
  }
}

const endsWhole = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The history with one more instruction, in its first system item: few templates take two. */
export const instruct = (history: readonly ChatHistoryItem[], instruction: string): ChatHistoryItem[] => {
  const [first, ...rest] = history
  return first?.type === 'system' && typeof first.text === 'string'
    ? [{ type: 'system', text: `${first.text}\n\n${instruction}` }, ...rest]
    : [{ type: 'system', text: instruction }, ...history]
}
