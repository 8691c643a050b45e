import { ExecaError, execa } from 'execa'
import { McpdError } from '../../core/errors.ts'
import type { Source } from './source.ts'

export interface CommandOptions {
  /** The program and its arguments; no shell comes into it. */
  readonly argv: readonly string[]
  readonly cwd: string
  readonly timeoutMs: number
  readonly sizeMaxBytes: number
}

/** The standard output of a program, such as one that prints the document of its own API. */
export const commandSource = ({ argv, cwd, timeoutMs, sizeMaxBytes }: CommandOptions): Source => {
  const [program = '', ...words] = argv
  const location = `$ ${program}`
  return {
    location,
    fetch: async (_, signal) => {
      try {
        const { stdout } = await execa(program, words, {
          cwd,
          timeout: timeoutMs,
          maxBuffer: sizeMaxBytes,
          cancelSignal: signal,
          forceKillAfterDelay: 2000,
          encoding: 'buffer',
          stdin: 'ignore',
          stripFinalNewline: false,
        })
        return { kind: 'found', raw: Buffer.from(stdout), location, memory: { key: location } }
      } catch (error) {
        if (signal.aborted) throw signal.reason
        throw failure(program, error)
      }
    },
  }
}

const failure = (program: string, error: unknown): McpdError => {
  const why = (): string => {
    if (!(error instanceof ExecaError)) return String(error)
    if (error.timedOut) return 'it took too long'
    if (error.isMaxBuffer) return 'it printed too much'
    if (error.code === 'ENOENT') return 'there is no such program'
    return error.exitCode === undefined ? (error.signal ?? error.shortMessage) : `exit code ${error.exitCode}`
  }
  return new McpdError('SOURCE_FAILED', `${program} gave no document: ${why()}.`, lastWords(error), error)
}

const lastWords = (error: unknown): { suggestions?: readonly string[] } => {
  const stderr: unknown = error instanceof ExecaError ? error.stderr : undefined
  if (!(stderr instanceof Uint8Array)) return {}
  const said = Buffer.from(stderr).toString('utf8').trim().split('\n').at(-1)?.slice(0, 200)
  return said ? { suggestions: [`It said: ${said}`] } : {}
}
