import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { mulberry32 } from '../../../fixtures/contexts/random.ts'
import type { Message } from '../../../src/core/inference.ts'

/** Turns of a talk: the messages that a question and its answer are made of, with the calls between. */
export type Talk = readonly (readonly Message[])[]

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Real text, so that compression and words are those of people: these pages and this source. */
const readCorpus = (): string => {
  const files = [
    ...readdirSync(`${root}/docs`)
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
    ...readdirSync(`${root}/src/core`).map((name) => `src/core/${name}`),
    ...readdirSync(`${root}/src/daemon`)
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `src/daemon/${name}`),
  ]
  return files.map((file) => readFileSync(`${root}/${file}`, 'utf8')).join('\n')
}

const systemPrompts = 5

/**
 * Talks of people and assistants that call tools: sizes are log-normal, with medians of 200 bytes for questions, 900
 * for answers and 2.5 KB for results; 40 % of the turns have one to three calls.
 */
export const createTalks = (seed: number) => {
  const random = mulberry32(seed)
  const corpus = readCorpus()
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const text = (medianChars: number): string => {
    const chars = Math.min(40_000, Math.max(8, Math.round(medianChars * Math.exp(normal()))))
    const start = Math.floor(random() * (corpus.length - chars))
    return corpus.slice(start, start + chars)
  }
  const system = Array.from({ length: systemPrompts }, () => text(1500))
  const calls = (): Message[] =>
    Array.from({ length: random() < 0.4 ? 1 + Math.floor(random() * 3) : 0 }, () => {
      const id = `call_${Math.floor(random() * 1e12).toString(36)}`
      const argumentsText = JSON.stringify({ query: text(60) })
      return [
        { role: 'assistant', content: null, toolCalls: [{ id, name: 'search', argumentsText }] },
        { role: 'tool', toolCallId: id, content: text(2500) },
      ] satisfies Message[]
    }).flat()
  const turn = (): Message[] => [
    { role: 'user', content: text(200) },
    ...calls(),
    { role: 'assistant', content: text(900) },
  ]
  return {
    random,
    turn,
    talk: (turns: number): Talk => {
      const first: Message = { role: 'system', content: system[Math.floor(random() * systemPrompts)]! }
      return Array.from({ length: turns }, (_, at) => (at === 0 ? [first, ...turn()] : turn()))
    },
  }
}
