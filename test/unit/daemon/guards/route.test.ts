import { describe, expect, it } from 'vitest'
import type { GroupConfig } from '../../../../src/core/config.ts'
import { McpdError } from '../../../../src/core/errors.ts'
import type { InferenceEvent, InferenceRequest, Invoke } from '../../../../src/core/inference.ts'
import { route } from '../../../../src/daemon/guards/route.ts'
import { Registry } from '../../../../src/daemon/registry.ts'
import { createRetryBudget } from '../../../../src/daemon/retry-budget.ts'
import { type FakeBackend, fakeBackend } from '../../../harness/backend.ts'
import { answering, drain, newRequest, text } from '../../../harness/request.ts'

const start: InferenceEvent = { type: 'start', model: 'm' }
const end: InferenceEvent = { type: 'end' }
const broken = (
  code: ConstructorParameters<typeof McpdError>[0] = 'BACKEND_ERROR',
  retryAfterSeconds?: number,
) => new McpdError(code, `said ${code}`, retryAfterSeconds === undefined ? {} : { retryAfterSeconds })

/** Answers in turn: each call by the next of these. */
const inTurn = (...answers: readonly Invoke[]): { invoke: Invoke; calls: () => number } => {
  let calls = 0
  return { invoke: (request) => answers[Math.min(calls++, answers.length - 1)]!(request), calls: () => calls }
}

const create = async (
  backends: readonly Omit<FakeBackend, 'name'>[],
  { attemptsMax = 2, budgetRatio = 1, strategy = 'least-busy', stickyBy = 'user' } = {},
) => {
  const made = await Promise.all(
    backends.map((given, index) => fakeBackend({ name: `b${index}`, breaker: { failures: 100 }, ...given })),
  )
  const group: GroupConfig = {
    name: 'g',
    targets: made.map(({ name }) => ({ backend: name, model: 'm', weight: 1 })),
    strategy: strategy as GroupConfig['strategy'],
    stickyBy,
  }
  const registry = new Registry(made, ['openai'], [group])
  const invoke = route({
    registry,
    budget: createRetryBudget(() => budgetRatio),
    retries: () => ({ attemptsMax, budgetRatio, backoffMs: 1, retryAfterMaxMs: 2000 }),
    now: () => performance.now(),
    random: () => 0,
  })
  const ask = (given: Partial<InferenceRequest> = {}) => {
    const request = newRequest({ model: 'g', ...given })
    return { request, events: drain(invoke(request)) }
  }
  return { made, registry, invoke, ask }
}

describe('route', () => {
  it('goes on to the next target when one fails before its first output', async () => {
    const { ask } = await create([
      { infer: answering(start, broken()) },
      { infer: answering(start, text('hello'), end) },
    ])
    const { request, events } = ask()
    expect(await events).toEqual([start, text('hello'), end])
    expect(request.trace).toMatchObject({ backend: 'b1', attempts: 2 })
  })

  it('never sends again what has shown output, and never splices', async () => {
    const second = inTurn(answering(start, text('other'), end))
    const { ask } = await create([
      { infer: answering(start, text('hel'), broken('BACKEND_INCOMPLETE')) },
      { infer: second.invoke },
    ])
    const seen: InferenceEvent[] = []
    const { invoke } = await create([{ infer: answering(start, text('hel'), broken('BACKEND_INCOMPLETE')) }])
    const reading = (async () => {
      for await (const event of invoke(newRequest({ model: 'g' }))) seen.push(event)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'BACKEND_INCOMPLETE' })
    expect(seen).toEqual([start, text('hel')])
    await expect(ask().events).rejects.toMatchObject({ code: 'BACKEND_INCOMPLETE' })
    expect(second.calls()).toBe(0)
  })

  it('tries the only target again', async () => {
    const flaky = inTurn(answering(broken('BACKEND_UNAVAILABLE')), answering(start, text('hello'), end))
    const { ask } = await create([{ infer: flaky.invoke }])
    expect(await ask().events).toHaveLength(3)
    expect(flaky.calls()).toBe(2)
  })

  it.each(['BAD_REQUEST', 'MODEL_NOT_FOUND', 'CANCELLED', 'INTERNAL'] as const)(
    'does not repeat %s',
    async (code) => {
      const first = inTurn(answering(broken(code)))
      const second = inTurn(answering(text('no')))
      const { ask } = await create([{ infer: first.invoke }, { infer: second.invoke }])
      await expect(ask().events).rejects.toMatchObject({ code })
      expect([first.calls(), second.calls()]).toEqual([1, 0])
    },
  )

  it('waits as long as a backend asks, but not for ever', async () => {
    const soon = inTurn(answering(broken('RATE_LIMITED', 0.01)), answering(text('now'), end))
    expect(await (await create([{ infer: soon.invoke }])).ask().events).toHaveLength(2)
    const late = inTurn(answering(broken('RATE_LIMITED', 3600)))
    await expect((await create([{ infer: late.invoke }])).ask().events).rejects.toMatchObject({
      code: 'RATE_LIMITED',
    })
    expect(late.calls()).toBe(1)
  })

  it('does not wait where another target can answer', async () => {
    const { ask } = await create([
      { infer: answering(broken('RATE_LIMITED', 3600)) },
      { infer: answering(text('here'), end) },
    ])
    expect(await ask().events).toEqual([text('here'), end])
  })

  it('stops at the number of attempts and at the budget', async () => {
    const always = inTurn(answering(broken()))
    await expect(
      (await create([{ infer: always.invoke }], { attemptsMax: 3 })).ask().events,
    ).rejects.toThrow()
    expect(always.calls()).toBe(4)
    const poor = inTurn(answering(broken()))
    await expect((await create([{ infer: poor.invoke }], { budgetRatio: 0 })).ask().events).rejects.toThrow()
    expect(poor.calls()).toBe(1)
    const none = inTurn(answering(broken()))
    await expect((await create([{ infer: none.invoke }], { attemptsMax: 0 })).ask().events).rejects.toThrow()
    expect(none.calls()).toBe(1)
  })

  it('says what opened a circuit rather than that it is open', async () => {
    const { ask } = await create([{ infer: answering(broken()), breaker: { failures: 1, cooldown: '1h' } }])
    await expect(ask().events).rejects.toMatchObject({ code: 'BACKEND_ERROR' })
    await expect(ask().events).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' })
  })

  it('forgets the warnings of an attempt that failed', async () => {
    const warn =
      (warning: string, ...steps: readonly (InferenceEvent | Error)[]): Invoke =>
      (request) => {
        request.trace.warnings.push(warning)
        return answering(...steps)(request)
      }
    const { ask } = await create([{ infer: warn('one', broken()) }, { infer: warn('two', text('x'), end) }])
    const { request, events } = ask()
    await events
    expect(request.trace.warnings).toEqual(['two'])
  })

  it('refuses what no target can take, with the reasons', async () => {
    const models = [{ name: 'm', operations: ['chat'], capabilities: ['tools'], contextLength: 100 }] as const
    const { ask } = await create([{ models: [...models] }, { models: [...models] }])
    const image = { type: 'image', url: 'data:image/png;base64,AA==' } as const
    const input = newRequest().input as Extract<InferenceRequest['input'], { operation: 'chat' }>
    await expect(
      ask({ input: { ...input, messages: [{ role: 'user', content: [image] }] } }).events,
    ).rejects.toMatchObject({ code: 'BAD_REQUEST', message: /b0\/m takes no images.*b1\/m takes no images/ })
    await expect(ask({ input: { ...input, sampling: { maxTokens: 101 } } }).events).rejects.toMatchObject({
      code: 'BAD_REQUEST',
      message: /context of 100 tokens/,
    })
  })

  it('sends a request to the target that can take it', async () => {
    const { ask } = await create([
      {
        models: [{ name: 'm', operations: ['chat'], contextLength: 10 }],
        infer: answering(text('small'), end),
      },
      {
        models: [{ name: 'm', operations: ['chat'], contextLength: 1000 }],
        infer: answering(text('large'), end),
      },
    ])
    const input = newRequest().input as Extract<InferenceRequest['input'], { operation: 'chat' }>
    expect(await ask({ input: { ...input, sampling: { maxTokens: 500 } } }).events).toEqual([
      text('large'),
      end,
    ])
  })

  it('sticks to what the group says', async () => {
    const where = async (stickyBy: string, given: Partial<InferenceRequest>) => {
      const { ask } = await create(
        [{ infer: answering(end) }, { infer: answering(end) }, { infer: answering(end) }],
        {
          strategy: 'sticky',
          stickyBy,
        },
      )
      const places = new Set<string | undefined>()
      for (let turn = 0; turn < 5; turn += 1) {
        const { request, events } = ask(given)
        await events
        places.add(request.trace.backend)
      }
      return [...places]
    }
    const input = newRequest().input as Extract<InferenceRequest['input'], { operation: 'chat' }>
    const users = await Promise.all(
      ['ann', 'bob', 'eve', 'kim', 'joe'].map((user) =>
        where('user', { input: { ...input, extra: { user } } }),
      ),
    )
    expect(users.every((places) => places.length === 1)).toBe(true)
    expect(new Set(users.flat()).size).toBeGreaterThan(1)
    expect(
      await where('header:x-session', { header: (name) => (name === 'x-session' ? 's1' : undefined) }),
    ).toHaveLength(1)
    expect(await where('user', { context: { id: 'c1', onConflict: 'reject' } })).toHaveLength(1)
  })
})
