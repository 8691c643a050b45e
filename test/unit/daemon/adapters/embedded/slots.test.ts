import { describe, expect, it } from 'vitest'
import { createSlots } from '../../../../../src/daemon/adapters/embedded/slots.ts'

const signal = new AbortController().signal

describe('createSlots', () => {
  it('serves in the order of asking', async () => {
    const slots = createSlots(1, 2)
    const order: string[] = []
    const release = await slots.acquire(signal)
    const waiting = ['first', 'second'].map(async (name) => {
      const done = await slots.acquire(signal)
      order.push(name)
      done()
    })
    expect(order).toEqual([])
    release()
    await Promise.all(waiting)
    expect(order).toEqual(['first', 'second'])
  })

  it('refuses the one too many', async () => {
    const slots = createSlots(1, 1)
    const release = await slots.acquire(signal)
    const second = slots.acquire(signal)
    await expect(slots.acquire(signal)).rejects.toMatchObject({ code: 'QUEUE_FULL' })
    release()
    ;(await second)()
  })

  it('forgets who gave up waiting, with their own reason', async () => {
    const slots = createSlots(1, 1)
    const release = await slots.acquire(signal)
    const impatient = new AbortController()
    const waiting = slots.acquire(impatient.signal)
    const reason = new Error('had enough')
    impatient.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    const next = slots.acquire(signal)
    release()
    ;(await next)()
    await expect(slots.acquire(impatient.signal)).rejects.toBe(reason)
  })

  it('counts a slot given back twice once', async () => {
    const slots = createSlots(1, 0)
    const release = await slots.acquire(signal)
    release()
    release()
    await slots.acquire(signal)
    await expect(slots.acquire(signal)).rejects.toMatchObject({ code: 'QUEUE_FULL' })
  })
})
