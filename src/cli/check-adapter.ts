import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { errorTable, isErrorCode, McpdError } from '../core/errors.ts'
import type { Operation } from '../core/inference.ts'

/** What to check, and how; as the daemon's program takes it. */
export interface AdapterCheckPlan {
  /** A type that mcpd brings or the absolute path of a module; else `command`. */
  readonly adapter?: string
  readonly command?: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
  readonly models: Readonly<Partial<Record<Operation, string>>>
  readonly deterministic: boolean
  readonly echoes: boolean
  readonly callsTools: boolean
  readonly anyModel: boolean
  /** Longest wait for any single answer, start or stop. */
  readonly stepMs: number
}

export interface CheckOutcome {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  readonly reason?: string
}

const program = fileURLToPath(new URL('../../bin/mcpd-daemon.js', import.meta.url))

/** The outcomes as they come. Throws what kept the adapter from starting at all, or the signal's reason. */
export async function* checkAdapter(
  plan: AdapterCheckPlan,
  signal: AbortSignal,
): AsyncGenerator<CheckOutcome> {
  // Options may hold a key, so they go neither into arguments nor into the environment.
  const child = execa(process.execPath, [program, '--check-adapter'], {
    input: JSON.stringify(plan),
    stderr: 'inherit',
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 5000,
  })
  let done = false
  for await (const line of child) {
    const said = JSON.parse(line) as CheckOutcome & {
      readonly done?: boolean
      readonly error?: { readonly code: string; readonly message: string; readonly suggestions: string[] }
    }
    if (said.error) throw refusal(said.error)
    if (said.done) done = true
    else yield said
  }
  signal.throwIfAborted()
  const { exitCode } = await child
  if (!done)
    throw new McpdError('INTERNAL', `The checking process ended with ${exitCode ?? 'a signal'}.`, {
      status: errorTable.INTERNAL.status,
    })
}

const refusal = ({ code, message, suggestions }: { code: string; message: string; suggestions: string[] }) =>
  new McpdError(isErrorCode(code) ? code : 'INTERNAL', message, { suggestions })

/** One line of what `mcpd adapter check` prints. */
export const formatOutcome = ({ name, outcome, reason }: CheckOutcome): string => {
  const mark = { passed: 'ok   ', failed: 'FAIL ', skipped: 'skip ' }[outcome]
  return `${mark} ${name}${reason === undefined ? '' : `\n      ${reason.split('\n').join('\n      ')}`}`
}
