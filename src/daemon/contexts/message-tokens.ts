import type { Message, Part, Tool } from '../../core/inference.ts'
import { addEstimates, type Estimate, estimateText, noTokens } from './estimate.ts'

/** Around each message: its role and the marks that begin and end it. */
export const tokensPerMessage = 4
/** What a template writes before the messages and before the answer. */
export const tokensPerPrompt = 3
/** Around each call and each tool, beside their names and texts. */
const tokensPerCall = 8
const tokensPerTool = 12
/** Models differ from 85 to 1500; a picture is counted as a large one. */
const tokensPerImage = 1200
/** Of base64: speech at a low bit rate, at 25 tokens a second. */
const audioCharsPerToken = 850

export interface MessageEstimate {
  /** By the text, to be multiplied by a model's factors. */
  readonly text: Estimate
  /** Pictures, sound, and what stands around: no factor applies. */
  readonly fixedTokens: number
}

export const estimateMessage = ({ content, name, toolCalls = [] }: Message): MessageEstimate => {
  const parts: readonly Part[] =
    typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])
  const texts = [
    ...parts.map(partText),
    ...(name === undefined ? [] : [name]),
    ...toolCalls.map((call) => `${call.name} ${call.argumentsText}`),
  ]
  return {
    text: texts.reduce((sum, text) => addEstimates(sum, estimateText(text)), noTokens),
    fixedTokens:
      tokensPerMessage +
      toolCalls.length * tokensPerCall +
      parts.reduce((sum, part) => sum + mediaTokens(part), 0),
  }
}

export const estimateTools = (tools: readonly Tool[]): MessageEstimate => ({
  text: tools.reduce((sum, tool) => addEstimates(sum, estimateText(JSON.stringify(tool))), noTokens),
  fixedTokens: tools.length * tokensPerTool,
})

/** The text of a message that is nothing but text, for a tokenizer; undefined where a template writes more. */
export const plainText = ({ content, name, toolCalls = [] }: Message): string | undefined => {
  if (toolCalls.length > 0 || name !== undefined) return undefined
  if (typeof content === 'string') return content
  const parts = content ?? []
  return parts.every((part) => part.type === 'text') ? parts.map(({ text }) => text).join('\n') : undefined
}

const partText = (part: Part): string => {
  if (part.type === 'text') return part.text
  return part.type === 'other' ? JSON.stringify(part.value) : ''
}

const mediaTokens = (part: Part): number => {
  if (part.type === 'image') return tokensPerImage
  return part.type === 'audio' ? Math.ceil(part.data.length / audioCharsPerToken) : 0
}
