import { describe, expect, it } from 'vitest'
import type {
  ConnectionEvents,
  RedisConnection,
} from '../../../../../src/daemon/contexts/hot-redis/connection.ts'
import { RedisRefusal } from '../../../../../src/daemon/contexts/hot-redis/connection.ts'
import { createLink } from '../../../../../src/daemon/contexts/hot-redis/link.ts'
import { scripts } from '../../../../../src/daemon/contexts/hot-redis/scripts.ts'

type Answer = (words: readonly (string | Buffer)[]) => Promise<unknown>

const never: Answer = () => new Promise(() => undefined)
const keys = ['mcpd:{a}:x']

/** A link over a connection that answers as it is told. */
const newLink = async (first: Answer, deadlineMs = 5) => {
  const state = {
    answer: first,
    isReady: true,
    nowMs: 0,
    asked: [] as string[],
    made: 0,
    ended: 0,
    said: [] as string[],
  }
  const say = (word: string) => () => void state.said.push(word)
  const link = createLink({
    place: { nodes: [], isCluster: false, tls: false },
    watch: {
      ready: say('ready'),
      failed: say('failed'),
      slow: say('slow'),
      answers: say('answers'),
      refused: say('refused'),
    },
    now: () => state.nowMs,
    deadlineMs,
    connect: async (_: unknown, events: ConnectionEvents): Promise<RedisConnection> => {
      state.made += 1
      void events
      return {
        isReady: () => state.isReady,
        send: (_key, words) => {
          state.asked.push(String(words[0]))
          return state.answer(words)
        },
        destroy: () => void (state.ended += 1),
      }
    },
  })
  await Promise.resolve()
  await Promise.resolve()
  return { link, state, run: () => link.run(scripts.read, keys, []) }
}

describe('a link to Redis', () => {
  it('asks by the hash of a script, and by its text where Redis has not seen it', async () => {
    const { run, state } = await newLink(async ([verb]) => {
      if (verb === 'EVALSHA') throw new RedisRefusal('NOSCRIPT No matching script.')
      return 'done'
    })
    expect(await run()).toBe('done')
    expect(state.asked).toEqual(['EVALSHA', 'EVAL'])
  })

  it('waits no longer than its deadline, and after three such waits not at all', async () => {
    const { run, link, state } = await newLink(never)
    for (let count = 0; count < 5; count += 1) await expect(run()).rejects.toThrow(/Redis/)
    expect(state.asked).toHaveLength(3)
    expect([link.circuit(), state.said]).toEqual(['open', ['slow']])
  })

  it('tries again after a second, once, and goes on when that is answered', async () => {
    const { run, link, state } = await newLink(never)
    for (let count = 0; count < 3; count += 1) await expect(run()).rejects.toThrow()
    state.nowMs = 1000
    await expect(run()).rejects.toThrow()
    await expect(run()).rejects.toThrow()
    expect(state.asked).toHaveLength(4)
    state.nowMs = 2000
    state.answer = async () => 'well'
    expect(await run()).toBe('well')
    expect([link.circuit(), state.said.at(-1)]).toEqual(['closed', 'answers'])
  })

  it('takes a refusal for an answer', async () => {
    const { run, link } = await newLink(async () => {
      throw new RedisRefusal('OOM command not allowed')
    })
    for (let count = 0; count < 5; count += 1) await expect(run()).rejects.toThrow('OOM')
    expect(link.circuit()).toBe('closed')
  })

  it('asks nothing while it is not connected', async () => {
    const { run, state } = await newLink(never)
    state.isReady = false
    await expect(run()).rejects.toThrow('not connected')
    expect(state.asked).toEqual([])
  })

  it('begins anew after ten seconds without an answer, and not for one that was late', async () => {
    const { run, state } = await newLink(never)
    state.nowMs = 60_000
    await expect(run()).rejects.toThrow()
    expect(state.made).toBe(1)
    state.nowMs = 69_000
    await expect(run()).rejects.toThrow()
    expect(state.made).toBe(1)
    state.nowMs = 71_000
    await expect(run()).rejects.toThrow()
    expect([state.made, state.ended]).toEqual([2, 1])
  })

  it('is closed once and for all', async () => {
    const { run, link, state } = await newLink(async () => 'well')
    link.close()
    await expect(run()).rejects.toThrow('not connected')
    expect(state.ended).toBe(1)
  })
})
