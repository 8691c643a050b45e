import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Queue, queueGuard, type Waiting } from '../../../../src/daemon/guards/queue.ts'
import { answering, drain, newRequest, text } from '../../../harness/request.ts'

const waiting = (given: Partial<Waiting> = {}): Waiting => ({
  signal: new AbortController().signal,
  waitMaxMs: 60_000,
  priority: 'normal',
  principal: 'a',
  ...given,
})

describe('Queue', () => {
  it('hands slots on in the order of arrival', async () => {
    const queue = new Queue({ concurrencyMax: 1, queueMax: 3 })
    const order: number[] = []
    expect(queue.tryEnter()).toBe(true)
    const waits = [1, 2, 3].map(async (name) => {
      await queue.enter(waiting())
      order.push(name)
      queue.leave()
    })
    expect(queue.waiting).toBe(3)
    queue.leave()
    await Promise.all(waits)
    expect(order).toEqual([1, 2, 3])
    expect([queue.inFlight, queue.waiting]).toEqual([0, 0])
  })

  it('lets the higher priority go first and principals take turns', async () => {
    const queue = new Queue({ concurrencyMax: 1, queueMax: 20 })
    const order: string[] = []
    queue.tryEnter()
    const wait = async (name: string, given: Partial<Waiting>) => {
      await queue.enter(waiting(given))
      order.push(name)
      queue.leave()
    }
    const all = [
      ...['a1', 'a2', 'a3'].map((name) => wait(name, { principal: 'a' })),
      wait('b1', { principal: 'b' }),
      wait('low', { priority: 'low', principal: 'c' }),
      wait('high', { priority: 'high', principal: 'a' }),
    ]
    queue.leave()
    await Promise.all(all)
    expect(order).toEqual(['high', 'a1', 'b1', 'a2', 'a3', 'low'])
  })

  it('refuses when the line is full, and after the wait', async () => {
    const queue = new Queue({ concurrencyMax: 1, queueMax: 1 })
    queue.tryEnter()
    const held = queue.enter(waiting({ waitMaxMs: 1 }))
    await expect(queue.enter(waiting())).rejects.toMatchObject({ code: 'QUEUE_FULL' })
    await expect(held).rejects.toMatchObject({ code: 'QUEUE_TIMEOUT' })
    expect(queue.waiting).toBe(0)
  })

  it('leaves the line when the request is aborted', async () => {
    const queue = new Queue({ concurrencyMax: 1, queueMax: 9 })
    queue.tryEnter()
    const controller = new AbortController()
    const held = queue.enter(waiting({ signal: controller.signal }))
    controller.abort(new Error('gone'))
    await expect(held).rejects.toThrow('gone')
    queue.leave()
    expect(queue.tryEnter()).toBe(true)
  })

  it('never exceeds its slots and loses none, whatever comes and goes', async () => {
    const action = fc.record({
      abort: fc.boolean(),
      work: fc.integer({ min: 0, max: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        async (actions, concurrencyMax) => {
          const queue = new Queue({ concurrencyMax, queueMax: 1000 })
          let most = 0
          const work = async ({ abort, work }: { abort: boolean; work: number }) => {
            const controller = new AbortController()
            if (!queue.tryEnter()) {
              const entered = queue.enter(waiting({ signal: controller.signal }))
              if (abort) controller.abort(new Error('gone'))
              await entered
            }
            most = Math.max(most, queue.inFlight)
            for (let turn = 0; turn < work; turn += 1) await Promise.resolve()
            queue.leave()
          }
          await Promise.allSettled(actions.map(work))
          expect(most).toBeLessThanOrEqual(concurrencyMax)
          expect([queue.inFlight, queue.waiting]).toEqual([0, 0])
        },
      ),
    )
  })
})

describe('queueGuard', () => {
  it('frees the slot however the request ends', async () => {
    const queue = new Queue({ concurrencyMax: 1, queueMax: 0 })
    const run = (invoke: ReturnType<typeof answering>) => queueGuard(queue, 1, () => 0)(invoke)(newRequest())
    await drain(run(answering(text('a'))))
    await expect(drain(run(answering(new Error('boom'))))).rejects.toThrow('boom')
    for await (const _ of run(answering(text('a'), text('b')))) break
    expect(queue.inFlight).toBe(0)
  })

  it('does not send what was aborted before it had a slot', async () => {
    const queue = new Queue({ concurrencyMax: 1, queueMax: 0 })
    const signal = AbortSignal.abort(new Error('gone'))
    await expect(
      drain(queueGuard(queue, 1, () => 0)(answering(text('a')))(newRequest({ signal }))),
    ).rejects.toThrow('gone')
  })
})
