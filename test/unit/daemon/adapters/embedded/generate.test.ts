import { describe, expect, it } from 'vitest'
import type { InferenceEvent } from '../../../../../src/core/inference.ts'
import {
  maxTokensFor,
  runJob,
  samplingOptions,
} from '../../../../../src/daemon/adapters/embedded/generate.ts'

const text = (value: string): InferenceEvent => ({ type: 'text-delta', index: 0, text: value })

describe('maxTokensFor', () => {
  it('is what is wanted, or the rest of the context', () => {
    expect(maxTokensFor(10, 5, 100)).toBe(5)
    expect(maxTokensFor(10, undefined, 100)).toBe(89)
  })

  it('refuses what does not fit', () => {
    for (const [prompt, wanted] of [
      [0, 1],
      [99, undefined],
      [200, 1],
      [50, 50],
    ] as const)
      expect(() => maxTokensFor(prompt, wanted, 100)).toThrow(
        expect.objectContaining({ code: 'BAD_REQUEST' }),
      )
  })
})

describe('samplingOptions', () => {
  it('leaves nothing to a default that is greedy or penalises', () => {
    expect(samplingOptions({}, () => 7)).toMatchObject({ temperature: 0.8, seed: 7, repeatPenalty: false })
    expect(samplingOptions({ temperature: 0, seed: 3 }, () => 7)).toMatchObject({ temperature: 0, seed: 3 })
  })

  it('turns one penalty on without the others', () => {
    expect(samplingOptions({ frequencyPenalty: 0.5 }, () => 7).repeatPenalty).toMatchObject({
      penalty: 1,
      presencePenalty: 0,
      frequencyPenalty: 0.5,
    })
  })
})

describe('runJob', () => {
  it('yields in order, then throws what the work threw', async () => {
    const seen: InferenceEvent[] = []
    const reading = async () => {
      const work = async (emit: (event: InferenceEvent) => void) => {
        emit(text('a'))
        await Promise.resolve()
        emit(text('b'))
        throw new Error('broken')
      }
      for await (const event of runJob(new AbortController().signal, work)) seen.push(event)
    }
    await expect(reading()).rejects.toThrow('broken')
    expect(seen).toEqual([text('a'), text('b')])
  })

  it('aborts the work when its reader leaves, and waits for it', async () => {
    let ended = false
    const job = runJob(new AbortController().signal, async (emit, signal) => {
      emit(text('a'))
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      ended = true
    })
    await job.next()
    await job.return(undefined)
    expect(ended).toBe(true)
  })

  it('does not hand out after an abort what came before it', async () => {
    const controller = new AbortController()
    const job = runJob(controller.signal, (emit) => {
      for (const letter of 'abc') emit(text(letter))
      return Promise.resolve()
    })
    await job.next()
    const reason = new Error('gone')
    controller.abort(reason)
    await expect(job.next()).rejects.toBe(reason)
  })
})
