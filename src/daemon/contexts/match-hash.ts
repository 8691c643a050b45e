import { hash } from 'node:crypto'
import { canonicalJson } from '../../core/canonical-json.ts'
import type { Message, Part, ToolCall } from '../../core/inference.ts'

/**
 * SHA-256, base64url, of what makes two messages the same to those who say them. Clients send an answer back without
 * its reasoning and its unknown members, with white space trimmed, arguments written anew and, from Ollama's clients,
 * with other ids of calls: none of that counts. The body's hash is stricter. Throws BAD_REQUEST as canonicalJson does.
 */
export const matchHash = (message: Message): string =>
  hash('sha256', canonicalJson(essence(message)), 'base64url')

const essence = ({ role, content, name, toolCalls }: Message): unknown => [
  role,
  contentEssence(content, role === 'assistant'),
  // Only among users does a name tell who speaks; on results it is a repetition that some dialects have.
  role === 'user' ? (name ?? null) : null,
  (toolCalls ?? []).map(callEssence),
]

const contentEssence = (content: Message['content'], trimmed: boolean): unknown => {
  const parts: readonly Part[] =
    typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])
  const said = parts.map((part) => partEssence(part, trimmed)).filter((part) => part !== '')
  return said.length === 1 ? said[0] : said
}

const partEssence = (part: Part, trimmed: boolean): unknown => {
  switch (part.type) {
    case 'text':
      return trimmed ? part.text.trim() : part.text
    case 'image':
      return ['image', part.url, part.detail ?? 'auto']
    case 'audio':
      return ['audio', part.data, part.format]
    case 'other':
      return ['other', part.value]
  }
}

/** Arguments are compared as JSON where they are some, written by a model as they are. */
const callEssence = ({ name, argumentsText }: ToolCall): unknown => {
  try {
    return [name, canonicalJson(JSON.parse(argumentsText.trim() === '' ? '{}' : argumentsText))]
  } catch {
    return [name, argumentsText]
  }
}
