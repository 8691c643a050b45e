import { describe, expect, it } from 'vitest'
import { fold } from '../../../../src/core/fold.ts'
import type { InferenceEvent } from '../../../../src/core/inference.ts'
import { decodeStream } from '../../../../src/dialects/fastchat/stream-decoder.ts'

async function* inPieces(text: string, size: number) {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const object = (text: string, more: object = {}): string =>
  `${JSON.stringify({ text, error_code: 0, finish_reason: null, ...more })}\0`
const usage = { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 }
const events = (text: string, size = 1000): Promise<InferenceEvent[]> =>
  Array.fromAsync(decodeStream(inPieces(text, size), { model: 'm' }))
const texts = (list: readonly InferenceEvent[]): string[] =>
  list.flatMap((event) => (event.type === 'text-delta' ? [event.text] : []))

const whole = object('the') + object('the quick') + object('the quick ü', { finish_reason: 'stop', usage })

describe('a stream of whole texts', () => {
  it.each([1, 7, 1000])('is read as what each adds, in pieces of %i bytes', async (size) => {
    const list = await events(whole, size)
    expect(texts(list)).toEqual(['the', ' quick', ' ü'])
    expect(list.map(({ type }) => type)).toEqual([
      'start',
      'text-delta',
      'text-delta',
      'text-delta',
      'finish',
      'usage',
      'end',
    ])
  })

  it('folds to the answer', async () => {
    expect(await fold(decodeStream(inPieces(whole, 9), { model: 'm' }))).toEqual({
      model: 'm',
      choices: [{ index: 0, text: 'the quick ü', finishReason: 'stop' }],
      usage: { inputTokens: 2, outputTokens: 3 },
    })
  })

  it('waits for characters that are not complete, and takes nothing back', async () => {
    const text =
      object('a\uFFFD') + object('aö') + object('a') + object('aöb\uFFFD', { finish_reason: ['length'] })
    const list = await events(text)
    expect(texts(list)).toEqual(['a', 'ö', 'b\uFFFD'])
    expect(list).toContainEqual({ type: 'finish', index: 0, reason: 'length' })
  })

  it('needs no NUL after the last object', async () => {
    expect(texts(await events(whole.slice(0, -1)))).toEqual(['the', ' quick', ' ü'])
  })
})

describe('what goes wrong', () => {
  it.each([
    ['a worker that dies between objects', whole.slice(0, whole.indexOf('\0') + 1), 'BACKEND_INCOMPLETE'],
    ['a worker that dies in the middle of one', whole.slice(0, 70), 'BACKEND_INCOMPLETE'],
    ['nothing at all', '', 'BACKEND_INCOMPLETE'],
    ['an error', object('a') + object('broke', { error_code: 50_001 }), 'BACKEND_ERROR'],
    ['a context that is too long', object('no', { error_code: 40_303 }), 'BAD_REQUEST'],
    ['no worker', object('no', { error_code: 50_005 }), 'BACKEND_UNAVAILABLE'],
    ['a worker that takes too long', object('no', { error_code: 50_006 }), 'BACKEND_TIMEOUT'],
    ['too many requests', object('no', { error_code: 42_901 }), 'RATE_LIMITED'],
    ['no JSON', '{"text"\0', 'BACKEND_ERROR'],
    ['a list', '[]\0', 'BACKEND_ERROR'],
    ['no text', '{"error_code":0}\0', 'BACKEND_ERROR'],
  ])('%s', async (_, text, code) => {
    await expect(events(text)).rejects.toMatchObject({ code })
  })

  it('is an object that is larger than allowed', async () => {
    const stream = decodeStream(inPieces('x'.repeat(200), 50), { model: 'm', objectMaxBytes: 100 })
    await expect(Array.fromAsync(stream)).rejects.toMatchObject({ code: 'BACKEND_ERROR' })
  })
})
