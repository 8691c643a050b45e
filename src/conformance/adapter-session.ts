import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { Adapter } from '../core/adapter.ts'
import { isMcpdError, type McpdError } from '../core/errors.ts'
import { createFold } from '../core/fold.ts'
import {
  type ChatInput,
  type CompleteInput,
  type InferInput,
  type InferenceEvent,
  type InferenceRequest,
  type InferenceResponse,
  type Input,
  isContent,
  type Operation,
} from '../core/inference.ts'
import { type Check, within } from './check.ts'
import { createGrammar } from './event-grammar.ts'
import { newChat, newComplete, newInput, newRequest } from './request.ts'

export interface AdapterSubject {
  readonly adapter: Adapter
  /** Frees what the adapter stands on, such as a backend started for the check. The suite closes the adapter itself. */
  readonly close: () => Promise<void>
  /** How many requests the backend is working on. With it, the suite sees whether a stopped request was freed. */
  readonly openRequests?: () => number | Promise<number>
}

export interface AdapterSuiteOptions {
  /** Makes a fresh adapter; called once per check. */
  readonly make: (signal: AbortSignal) => Promise<AdapterSubject>
  /** A model for every operation that the adapter has. */
  readonly models: Readonly<Partial<Record<Operation, string>>>
  /** Whether the same request gets the same answer. Default true. */
  readonly deterministic?: boolean
  /** Whether chat answers with the text of the last message, which shows that text survives. Default false. */
  readonly echoes?: boolean
  /** Whether the chat model calls a tool when it must. Default false. */
  readonly callsTools?: boolean
  /** Whether the backend answers to any model name. Default false. */
  readonly anyModel?: boolean
  /**
   * A chat or completion whose answer, streamed or not, takes so long that it can be interrupted: more than
   * the backend would have sent before it learns of the abort. Default: many tokens of chat.
   */
  readonly long?: ChatInput | CompleteInput
  /** An infer request of the model given for infer, whose answer is known to be one. */
  readonly tensors?: InferInput
  /** Inputs with a parameter that the backend cannot take, and how a warning or refusal names it. */
  readonly unsupported?: readonly { readonly parameter: string; readonly input: Input }[]
  /** Longest wait for any single answer, start or stop. Default 10,000 ms. */
  readonly stepMs?: number
}

export interface Answer {
  readonly events: readonly InferenceEvent[]
  readonly response: InferenceResponse
  readonly warnings: readonly string[]
}

/** Differences from a plain unary request for the operation's model. */
export interface Asking {
  readonly stream?: boolean
  readonly model?: string
  readonly signal?: AbortSignal
}

/** An adapter under examination. */
export interface Session {
  readonly adapter: Adapter
  readonly models: AdapterSuiteOptions['models']
  readonly stepMs: number
  readonly request: (input: Input, asking?: Asking) => InferenceRequest
  /** Reads a request's events to the end, against the grammar and within the time limit. */
  readonly ask: (input: Input, asking?: Omit<Asking, 'signal'>) => Promise<Answer>
  /** As `ask`, or the McpdError the request was refused with. INTERNAL and foreign errors fail. */
  readonly askOrRefusal: (input: Input, asking?: Omit<Asking, 'signal'>) => Promise<Answer | McpdError>
  /** The McpdError the request is refused with. Fails if it is answered. */
  readonly refusal: (input: Input, asking?: Omit<Asking, 'signal'>) => Promise<McpdError>
  /** Reads up to the first content and leaves the iterator there. */
  readonly firstContent: (request: InferenceRequest) => Promise<AsyncIterator<InferenceEvent>>
  /** Waits until the backend works on nothing, then has a plain request answered. */
  readonly requireFree: () => Promise<void>
}

/** A check before it is bound to a way of making adapters. */
export interface AdapterCheck {
  readonly name: string
  readonly skipped?: string | undefined
  readonly body: (session: Session, signal: AbortSignal) => Promise<void>
}

const stepMsDefault = 10_000

/** The operation that stands for all where it does not matter which: one that can stream, if there is one. */
export const mainOperation = (models: AdapterSuiteOptions['models']): Operation =>
  (['chat', 'complete', 'embed', 'rerank', 'tokenize', 'infer'] as const).find(
    (operation) => models[operation] !== undefined,
  ) ?? 'chat'

export const longInput = ({ long, models }: AdapterSuiteOptions): ChatInput | CompleteInput | undefined => {
  const text = 'Count from one to ten thousand in words.'
  const more = { sampling: { temperature: 0, seed: 1, maxTokens: 4096 } }
  if (long) return long
  if (models.chat !== undefined) return newChat(text, more)
  return models.complete === undefined ? undefined : newComplete(text, more)
}

/** The skip reason of a check that needs one of some operations. */
export const needs = (
  { models }: AdapterSuiteOptions,
  ...operations: readonly Operation[]
): string | undefined =>
  operations.some((operation) => models[operation] !== undefined)
    ? undefined
    : `no model for ${operations.join(' or ')}`

/** Turns a check of a session into one that makes its adapter first and closes it afterwards. */
export const bindCheck = (options: AdapterSuiteOptions, { name, skipped, body }: AdapterCheck): Check => {
  const stepMs = options.stepMs ?? stepMsDefault
  return {
    name,
    ...(skipped !== undefined && { skipped }),
    run: async (signal) => {
      const subject = await within(stepMs, 'making the adapter', options.make(signal))
      try {
        await body(newSession(subject, options.models, stepMs), signal)
      } finally {
        await within(stepMs, 'closing the adapter', close(subject))
      }
    },
  }
}

const close = async ({ adapter, close: closeSurroundings }: AdapterSubject): Promise<void> => {
  try {
    await adapter.close()
  } finally {
    await closeSurroundings()
  }
}

const newSession = (
  { adapter, openRequests }: AdapterSubject,
  models: AdapterSuiteOptions['models'],
  stepMs: number,
): Session => {
  const request: Session['request'] = (input, asking = {}) =>
    newRequest({ model: models[input.operation] ?? 'no-such-model', input, ...asking })

  const read = async (asked: InferenceRequest, onEvent: (event: InferenceEvent) => void): Promise<void> => {
    for await (const event of adapter.infer(asked)) onEvent(event)
  }

  const ask: Session['ask'] = async (input, asking = {}) => {
    const controller = new AbortController()
    const asked = request(input, { ...asking, signal: controller.signal })
    const events: InferenceEvent[] = []
    const grammar = createGrammar(asked)
    const folding = createFold()
    try {
      await within(
        stepMs,
        `${asked.stream ? 'a streamed' : 'a unary'} ${input.operation}`,
        read(asked, (event) => {
          events.push(event)
          grammar.push(event)
          folding.push(event)
        }),
      )
    } finally {
      controller.abort()
    }
    grammar.close()
    return { events, response: folding.result(), warnings: asked.trace.warnings }
  }

  const askOrRefusal: Session['askOrRefusal'] = (input, asking) => ask(input, asking).catch(requireRefusal)

  const refusal: Session['refusal'] = async (input, asking) => {
    const outcome = await askOrRefusal(input, asking)
    assert.ok(isMcpdError(outcome), 'the request was answered instead of refused')
    return outcome
  }

  const firstContent: Session['firstContent'] = async (asked) => {
    const iterator = adapter.infer(asked)[Symbol.asyncIterator]()
    for (;;) {
      const { done, value } = await within(stepMs, 'the first content', iterator.next())
      assert.ok(!done, 'the events ended before any content')
      if (isContent(value)) return iterator
    }
  }

  const requireFree = async (): Promise<void> => {
    if (openRequests) {
      const lateMs = performance.now() + stepMs
      while ((await openRequests()) > 0) {
        assert.ok(performance.now() < lateMs, 'the backend still works on a request that was stopped')
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    await ask(newInput(mainOperation(models), 'Are you there?'))
  }

  return { adapter, models, stepMs, request, ask, askOrRefusal, refusal, firstContent, requireFree }
}

/** Passes on what a check found, and the McpdErrors an adapter may refuse with. */
const requireRefusal = (error: unknown): McpdError => {
  if (error instanceof assert.AssertionError) throw error
  assert.ok(isMcpdError(error), `not an McpdError: ${inspect(error)}`)
  assert.notEqual(error.code, 'INTERNAL', `refused with INTERNAL: ${error.message}`)
  return error
}
