import { decodeMessages } from '../../dialects/anthropic/request.ts'

/** Bytes of UTF-8 to a token, as English text has it with most tokenizers; code and other scripts have fewer. */
const bytesPerToken = 4
/** What a template puts around each message. */
const tokensPerMessage = 4
/** What an image costs at most of the models that read them. */
const tokensPerImage = 1500

/** Roughly how many tokens a request has, for a backend that cannot count them, and the sentence that says so. */
export const estimateTokens = (
  body: Readonly<Record<string, unknown>>,
): { readonly inputTokens: number; readonly warning: string } => {
  let textBytes = Buffer.byteLength(JSON.stringify(body['tools'] ?? []))
  let images = 0
  const messages = decodeMessages(body)
  for (const { content, toolCalls = [], reasoning = '' } of messages) {
    textBytes += Buffer.byteLength(reasoning)
    for (const { name, argumentsText } of toolCalls) textBytes += Buffer.byteLength(name + argumentsText)
    for (const part of typeof content === 'string' ? [content] : (content ?? [])) {
      if (typeof part === 'string') textBytes += Buffer.byteLength(part)
      else if (part.type === 'text') textBytes += Buffer.byteLength(part.text)
      else images += 1
    }
  }
  return {
    inputTokens:
      Math.ceil(textBytes / bytesPerToken) + messages.length * tokensPerMessage + images * tokensPerImage,
    warning: `input_tokens is an estimate (${bytesPerToken} bytes to a token): the backend cannot count.`,
  }
}
