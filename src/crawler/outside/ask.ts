import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ExecaError, execa } from 'execa'
import type { Answer, Question } from './question.ts'

export interface AskLimits {
  readonly timeoutMs: number
  /** Of the heap of JavaScript. */
  readonly memoryMaxMb: number
}

const entry = fileURLToPath(new URL(`./child${extname(import.meta.url)}`, import.meta.url))
const answerMaxBytes = 16 * 2 ** 20

/**
 * Asks the process for foreign code. It may read files, since its code is in some, and nothing else: it cannot write,
 * start programs, connect, or see the environment. `unable` when it ends otherwise than with an answer.
 */
export const ask = async (
  question: Question,
  { timeoutMs, memoryMaxMb }: AskLimits,
  signal: AbortSignal,
): Promise<Answer> => {
  try {
    const { stdout } = await execa(
      process.execPath,
      ['--permission', '--allow-fs-read=*', `--max-old-space-size=${memoryMaxMb}`, '--no-warnings', entry],
      {
        input: JSON.stringify(question),
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: answerMaxBytes,
        cancelSignal: signal,
        extendEnv: false,
        env: {},
      },
    )
    return JSON.parse(stdout) as Answer
  } catch (error) {
    signal.throwIfAborted()
    return { kind: 'unable', why: whyOf(error, timeoutMs, memoryMaxMb) }
  }
}

const whyOf = (error: unknown, timeoutMs: number, memoryMaxMb: number): string => {
  if (!(error instanceof ExecaError)) return 'its answer could not be read'
  if (error.timedOut) return `it took more than ${timeoutMs / 1000} s`
  if (error.isMaxBuffer) return 'its answer was too long'
  const stderr = String(error.stderr)
  // V8 aborts a process that is out of memory; some systems say so by the signal, others by the exit code.
  if (/heap out of memory|allocation failed/i.test(stderr))
    return `it needs more than ${memoryMaxMb} MB of memory`
  const last = stderr
    .trim()
    .split('\n')
    .findLast((line) => /error/i.test(line))
  return `it ended without an answer${last === undefined ? '' : `: ${last.trim().slice(0, 200)}`}`
}
