import { messageOf } from '../../core/canonical-json.ts'
import type { Message } from '../../core/inference.ts'

/** Letters and digits of scripts that write no spaces: each is a word of its own, a run of them a phrase. */
const alone = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}'
const word = new RegExp(`[${alone}]|(?:(?![${alone}])[\\p{L}\\p{N}])+`, 'gu')
const run = new RegExp(`[${alone}]+|(?:(?![${alone}])[\\p{L}\\p{N}])+`, 'gu')

/** Upper case, accents and compatibility forms make no difference. */
const fold = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()

/** The words of a text in order, folded. */
const wordsOf = (text: string): readonly string[] => fold(text).match(word) ?? []

/** What a full-text index is given: words between single spaces. */
export const indexText = (body: Buffer): string => wordsOf(textOf(messageOf(body))).join(' ')

/** What has to be in an index text, each of them: phrases of words between single spaces. At most 32. */
export const phrasesOf = (query: string): readonly string[] =>
  (fold(query).match(run) ?? []).slice(0, phrasesMax).map((phrase) => wordsOf(phrase).join(' '))

const phrasesMax = 32

/** All that was said in a message: its text, its reasoning, and the arguments of its calls. */
export const textOf = ({ content, reasoning, toolCalls }: Message): string =>
  [
    typeof content === 'string'
      ? content
      : (content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('\n'),
    reasoning ?? '',
    ...(toolCalls ?? []).map(({ name, argumentsText }) => `${name} ${argumentsText}`),
  ]
    .filter((text) => text !== '')
    .join('\n')

/** Characters on both sides of a hit. */
const excerptRadius = 80

/** Some text around the first phrase, on one line; the beginning of the text where none is found as it is. */
export const excerptOf = (body: Buffer, phrases: readonly string[]): string => {
  const text = textOf(messageOf(body)).replaceAll(/\s+/g, ' ')
  const lower = text.toLowerCase()
  const first = phrases[0]?.replaceAll(' ', '') ?? ''
  const at = Math.max(0, lower.indexOf(first))
  const start = Math.max(0, at - excerptRadius)
  const end = at + first.length + excerptRadius
  const inner = text.slice(start, end).toWellFormed().trim()
  return `${start > 0 ? '…' : ''}${inner}${end < text.length ? '…' : ''}`
}
