import { createTexts, type TextKind, textKinds } from '../../../fixtures/contexts/texts.ts'
import type { Message } from '../../../src/core/inference.ts'
import { createTokenCounter } from '../../../src/daemon/contexts/token-counter.ts'
import { view } from '../../../src/daemon/contexts/view.ts'
import { pathOf } from '../../unit/daemon/contexts/a-path.ts'

export interface OverflowOptions {
  readonly prompts: number
  /** Of the texts; 7 when absent. */
  readonly seed?: number
  /** Counts as the model does. */
  readonly countText: (text: string) => number
  /** Whether counts learn from the usage of each prompt, as they do in the daemon. */
  readonly learns: boolean
}

export interface Overflow {
  readonly prompts: number
  /** Prompts that had more tokens than their budget. */
  readonly over: number
  /** Most tokens of a prompt, as a share of its budget. */
  readonly worst: number
  /** Of what was kept, as a share of the budget, on average. */
  readonly used: number
  /** Of the last half: how far estimates, without their margin, were from the truth, on average. */
  readonly error: number
}

/** Tokens that a template of the ChatML kind adds. */
const actualTokens = (messages: readonly Message[], countText: (text: string) => number): number =>
  messages.reduce((sum, { content }) => sum + 4 + countText(content as string), 3)

/**
 * Prunes conversations of mixed kinds of text to random budgets and counts the result as the model does. Each
 * conversation has one or two kinds, so that a model's factors are learned on some and used on others.
 */
export const measureOverflow = async ({
  prompts,
  seed = 7,
  countText,
  learns,
}: OverflowOptions): Promise<Overflow> => {
  const { random, draw, text } = createTexts(seed)
  const signal = new AbortController().signal
  const counter = createTokenCounter({ tokenizer: 'bench' })
  let over = 0
  let worst = 0
  let used = 0
  let error = 0
  for (let prompt = 0; prompt < prompts; prompt += 1) {
    const kinds: readonly TextKind[] = [draw(textKinds), draw(textKinds)]
    const messages = Array.from({ length: 4 + Math.floor(random() * 12) }, (_, at): Message => ({
      role: at % 2 === 0 ? 'user' : 'assistant',
      content: text(draw(kinds), 20 + Math.floor(random() ** 3 * 1500)),
    }))
    const path = pathOf({ role: 'system', content: 'You are a helpful assistant.' }, ...messages, {
      role: 'user',
      content: text(draw(kinds), 40),
    })
    const counts = await counter.count(path, {}, signal)
    const all = path.reduce((sum, turn) => sum + counts.tokensOf(turn), 0)
    const budgetTokens = Math.floor(200 + all * (0.3 + random() * 0.7))
    const seen = view(path, { budgetTokens, ...counts })
    const sent = seen.kept.map(({ message }) => message)
    const actual = actualTokens(sent, countText)
    if (actual > budgetTokens) over += 1
    worst = Math.max(worst, actual / budgetTokens)
    used += actual / budgetTokens / prompts
    const estimated = seen.tokens / (1 + counts.marginRatio)
    if (prompt >= prompts / 2) error += Math.abs(estimated - actual) / actual / Math.ceil(prompts / 2)
    if (learns) counter.observe(sent, [], actual)
  }
  return { prompts, over, worst, used, error }
}
