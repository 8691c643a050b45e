import assert from 'node:assert/strict'

/**
 * One thing that every implementation of an extension point must do. Suites are lists of these: plain data,
 * run by our own tests and by `mcpd adapter check` on adapters we have never seen.
 */
export interface Check {
  readonly name: string
  /** Why it cannot be asked of this implementation. A skipped check is reported and never run. */
  readonly skipped?: string
  /** Throws an error whose message says what was expected and what happened instead. */
  readonly run: (signal: AbortSignal) => Promise<void>
}

export interface CheckResult {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Why it failed or was skipped. */
  readonly reason?: string
  readonly error?: unknown
}

/** Runs checks one after another; a failure does not stop the rest. Throws only the signal's reason. */
export async function* runChecks(
  checks: readonly Check[],
  signal: AbortSignal,
): AsyncGenerator<CheckResult, void, undefined> {
  for (const { name, skipped, run } of checks) {
    signal.throwIfAborted()
    if (skipped !== undefined) yield { name, outcome: 'skipped', reason: skipped }
    else yield await run(signal).then((): CheckResult => ({ name, outcome: 'passed' }), failed(name))
  }
}

const failed =
  (name: string) =>
  (error: unknown): CheckResult => ({
    name,
    outcome: 'failed',
    reason: error instanceof Error ? error.message : String(error),
    error,
  })

/** Fails with `what` when the promise is not settled after `limitMs`: a check that hangs has found something. */
export const within = async <T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(assertion(`${what} took longer than ${limitMs} ms`)), limitMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

const assertion = (message: string): assert.AssertionError => new assert.AssertionError({ message })
