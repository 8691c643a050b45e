import { setMaxListeners } from 'node:events'
import { request } from 'undici'
import type { RequestRecord } from './measure/record.ts'
import type { Target } from './target.ts'

const askMaxMs = 5000
/** For all answers of a run; what is not counted by then is counted by events. */
const countingMaxMs = 60_000
const answerMaxBytes = 16 * 2 ** 20
const atOnce = 4

/** Whether the target's tokenizer answers at all. Asked before a run, since only then texts are worth keeping. */
export const hasTokenizer = async (target: Target, signal: AbortSignal): Promise<boolean> => {
  const count = await countText(target, 'Does it count?', signal)
  signal.throwIfAborted()
  return count !== undefined && count > 0
}

/**
 * Counts the answers whose texts were kept, and drops the texts. Called when nothing is measured any more. Answers that
 * cannot be counted stay without a count.
 */
export const countTexts = async (
  records: readonly RequestRecord[],
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<void> => {
  const kept = records.filter(({ text }) => text !== undefined)
  const limit = AbortSignal.any([signal, AbortSignal.timeout(countingMaxMs)])
  setMaxListeners(0, limit)
  let next = 0
  const work = async (): Promise<void> => {
    for (let record = kept[next++]; record && !limit.aborted; record = kept[next++]) {
      const count = await countText(targets[record.target]!, record.text ?? '', limit)
      if (count !== undefined) record.tokenizerTokens = count
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  for (const record of kept) delete record.text
}

/** undefined when there is no answer that can be understood. */
const countText = async (target: Target, text: string, signal: AbortSignal): Promise<number | undefined> => {
  const { tokenizer, model, apiKey } = target
  if (!tokenizer) return undefined
  if (text === '') return 0
  // One body for both servers: vLLM reads prompt, llama.cpp content. An answer has no tokens that begin a text.
  const body =
    tokenizer.form === 'daemon'
      ? { text }
      : { model, prompt: text, content: text, add_special_tokens: false, add_special: false }
  try {
    const answer = await request(tokenizer.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(askMaxMs)]),
    })
    let said = ''
    for await (const chunk of answer.body) {
      said += String(chunk)
      if (said.length > answerMaxBytes) return undefined
    }
    return answer.statusCode === 200 ? countIn(JSON.parse(said)) : undefined
  } catch {
    // No tokenizer, or none that answers in time: the events are counted then.
    return undefined
  }
}

const countIn = (answer: unknown): number | undefined => {
  const { output, ...plain } = answer as { output?: object } & Counted
  const { count, tokens }: Counted = output ?? plain
  if (typeof count === 'number') return count
  return Array.isArray(tokens) ? tokens.length : undefined
}

interface Counted {
  readonly count?: unknown
  readonly tokens?: unknown
}
