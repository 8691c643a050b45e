import assert from 'node:assert/strict'
import { extname } from 'node:path'
import type { Adapter } from '../core/adapter.ts'
import { isMcpdError, McpdError } from '../core/errors.ts'
import { fold } from '../core/fold.ts'
import type { InferenceEvent, InferenceRequest } from '../core/inference.ts'
import { within } from './check.ts'
import { newChat, newRequest } from './request.ts'

export interface HostSuiteOptions {
  /**
   * Runs the adapter module at a file URL with these options; resolves when it can serve. Rejects with CONFIG_INVALID
   * and the reason when it never will.
   */
  readonly host: (moduleUrl: string, options: object) => Promise<Adapter>
  /** Whether it carries what is asked of single models: `manage` and `describe`. Default true. */
  readonly manages?: boolean
  /** Longest wait for any single answer, start or stop. Default 20,000 ms. */
  readonly stepMs?: number
}

/** The adapter that the suite runs, from source as from dist. */
export const hostFixtureUrl = new URL(`./host-fixture${extname(import.meta.url)}`, import.meta.url).href

/** One adapter in its host, for one check. */
interface Session {
  readonly adapter: Adapter
  readonly run: (model: string, given?: Partial<InferenceRequest>) => AsyncIterable<InferenceEvent>
  readonly textOf: (model: string) => Promise<string>
  readonly counts: () => Promise<{ aborted: number; left: number; sent: number }>
  /** Waits until `holds`; fails with `what` when it does not come to that. */
  readonly until: (what: string, holds: () => Promise<boolean>) => Promise<void>
}

export interface SessionCheck {
  readonly name: string
  readonly body: (session: Session) => Promise<void>
}

export const stepMsDefault = 20_000

/** Starts the fixture in the host, runs the check and closes it. */
export const withSession = async (
  { host, stepMs = stepMsDefault }: HostSuiteOptions,
  body: SessionCheck['body'],
  signal: AbortSignal,
): Promise<void> => {
  const adapter = await within(stepMs, 'starting', host(hostFixtureUrl, { greeting: 'hello there' }))
  // As the daemon asks: validate first, where there is one.
  const run: Session['run'] = (model, given) => {
    const plain = newRequest({ model, input: newChat('Hi'), stream: true, signal })
    const request: InferenceRequest = { ...plain, ...given, model }
    const reason = adapter.validate?.(request)
    if (reason !== undefined) throw new McpdError('BAD_REQUEST', reason)
    return adapter.infer(request)
  }
  const textOf: Session['textOf'] = async (model) => (await fold(run(model))).choices[0]?.text ?? ''
  const until: Session['until'] = async (what, holds) => {
    const lateMs = performance.now() + stepMs
    while (!(await holds())) {
      assert.ok(performance.now() < lateMs, what)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const counts: Session['counts'] = async () =>
    JSON.parse(await textOf('counts')) as Awaited<ReturnType<Session['counts']>>
  try {
    await within(stepMs, 'the check', body({ adapter, run, textOf, counts, until }))
  } finally {
    await within(stepMs, 'closing', adapter.close())
  }
}

/** The error of ours with which it was refused; fails when it was not. */
export const refusalOf = async (asking: Promise<unknown>): Promise<McpdError> => {
  const outcome = await asking.catch((error: unknown) => error)
  assert.ok(isMcpdError(outcome), `not refused with an error of ours: ${String(outcome)}`)
  return outcome
}
