import { expect, it } from 'vitest'
import { isMcpdError, McpdError } from '../../../../../src/core/errors.ts'
import { whileLoading } from '../../../../../src/daemon/adapters/huggingface/loading.ts'

/** A clock that only sleeping moves. */
const clock = (waitMaxMs: number) => {
  let nowMs = 0
  const slept: number[] = []
  const isLoading = (error: unknown): error is McpdError =>
    isMcpdError(error) && error.code === 'BACKEND_UNAVAILABLE'
  return {
    slept,
    options: {
      waitMaxMs,
      isLoading,
      now: () => nowMs,
      sleep: async (milliseconds: number, signal: AbortSignal) => {
        signal.throwIfAborted()
        slept.push(milliseconds)
        nowMs += milliseconds
      },
    },
  }
}
const { signal } = new AbortController()
const loading = (retryAfterSeconds?: number) =>
  new McpdError(
    'BACKEND_UNAVAILABLE',
    'loading',
    retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
  )

const failing = (errors: readonly Error[]) => {
  const left = [...errors]
  return async () => {
    const error = left.shift()
    if (error) throw error
    return 'there'
  }
}

it('asks again with growing delays until it is there', async () => {
  const { slept, options } = clock(60_000)
  const ask = failing(Array.from({ length: 7 }, () => loading()))
  expect(await whileLoading(ask, signal, options)).toBe('there')
  expect(slept).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000])
})

it('waits as long as it is told to, but not for ever', async () => {
  const { slept, options } = clock(60_000)
  expect(await whileLoading(failing([loading(3), loading(3600)]), signal, options)).toBe('there')
  expect(slept).toEqual([3000, 10_000])
})

it('gives up before the next try would come too late', async () => {
  const { slept, options } = clock(4000)
  const ask = failing(Array.from({ length: 100 }, () => loading()))
  await expect(whileLoading(ask, signal, options)).rejects.toThrow('loading')
  expect(slept).toEqual([500, 1000, 2000])
})

it('does not wait for anything else, nor with a wait of nothing', async () => {
  const other = clock(60_000)
  const refused = new McpdError('BAD_REQUEST', 'no')
  await expect(whileLoading(failing([refused]), signal, other.options)).rejects.toBe(refused)
  const none = clock(0)
  await expect(whileLoading(failing([loading()]), signal, none.options)).rejects.toThrow('loading')
  expect([...other.slept, ...none.slept]).toEqual([])
})

it('stops when it is told to', async () => {
  const gone = AbortSignal.abort(new McpdError('CANCELLED', 'gone'))
  await expect(whileLoading(failing([loading()]), gone, clock(1000).options)).rejects.toMatchObject({
    code: 'CANCELLED',
  })
})
