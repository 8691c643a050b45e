import { readFile } from 'node:fs/promises'
import { McpdError } from '../../core/errors.ts'
import type { Prompt } from './workload.ts'

/** Prompts that are taken from a file; the rest of a larger one is left alone. */
const promptsMax = 100_000

/**
 * Prompts from a file: a JSON array in ShareGPT form (the first thing a person says, and the length of the answer to
 * it), JSON lines with `prompt` and perhaps `output_tokens`, or one prompt per line. Throws USAGE.
 */
export const readPrompts = async (path: string): Promise<readonly Prompt[]> => {
  const text = await read(path)
  const prompts = (text.trimStart().startsWith('[') ? shareGpt(text, path) : lines(text)).slice(0, promptsMax)
  if (prompts.length > 0) return prompts
  throw new McpdError('USAGE', `There is no prompt in ${path}.`)
}

const read = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new McpdError('USAGE', `The prompts in ${path} cannot be read.`, {}, error)
  }
}

interface Turn {
  readonly from?: string
  readonly role?: string
  readonly value?: unknown
  readonly content?: unknown
}

const shareGpt = (text: string, path: string): Prompt[] => {
  let conversations: unknown
  try {
    conversations = JSON.parse(text)
  } catch (error) {
    throw new McpdError('USAGE', `${path} begins like a JSON array and is none.`, {}, error)
  }
  return (conversations as unknown[]).flatMap((entry) => {
    const turns = (entry as { conversations?: unknown } | null)?.conversations
    if (!Array.isArray(turns)) return []
    const asked = (turns as Turn[]).findIndex(({ from, role }) =>
      ['human', 'user'].includes(from ?? role ?? ''),
    )
    const prompt = sayingOf(turns[asked] as Turn | undefined)
    if (prompt === undefined) return []
    const answer = sayingOf(turns[asked + 1] as Turn | undefined)
    return [{ text: prompt, ...(answer !== undefined && { outputTokens: roughTokens(answer) }) }]
  })
}

const sayingOf = (turn: Turn | undefined): string | undefined => {
  const said = turn?.value ?? turn?.content
  return typeof said === 'string' && said.trim() !== '' ? said : undefined
}

/** Four characters are about a token in English: good enough to ask for an answer of about that length. */
const roughTokens = (text: string): number => Math.max(1, Math.round(text.length / 4))

const lines = (text: string): Prompt[] =>
  text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) => (line.startsWith('{') ? jsonLine(line) : undefined) ?? { text: line })

const jsonLine = (line: string): Prompt | undefined => {
  try {
    const { prompt, output_tokens: output } = JSON.parse(line) as Record<string, unknown>
    if (typeof prompt !== 'string' || prompt === '') return undefined
    return {
      text: prompt,
      ...(Number.isInteger(output) && Number(output) > 0 && { outputTokens: Number(output) }),
    }
  } catch {
    // A line that begins with a brace and is no JSON is a prompt like any other.
    return undefined
  }
}
