import { ExecaError, execa } from 'execa'
import { McpdError } from '../../core/errors.ts'

/** git in one repository: no shell, no prompt, no hook, and nothing that the repository's own config would start. */
export interface Git {
  /** Standard output as text. Throws SOURCE_FAILED. */
  text(words: readonly string[], signal: AbortSignal): Promise<string>
  /** Standard output as it comes, of a process that reads `input`. */
  stream(words: readonly string[], input: string, signal: AbortSignal): AsyncIterable<Buffer>
}

const textMaxBytes = 256 * 2 ** 20

const settings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.quotePath=false',
  'log.showSignature=false',
  'credential.interactive=false',
].flatMap((setting) => ['-c', setting])

const env = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  // A path is a path and no pattern.
  GIT_LITERAL_PATHSPECS: '1',
  // Without ext::, which runs what an address says.
  GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
  LC_ALL: 'C',
}

/** `directory` is inside a working copy, or a bare repository. */
export const openGit = (directory: string, timeoutMs: number): Git => {
  const options = (signal: AbortSignal) =>
    ({ cwd: directory, env, timeout: timeoutMs, cancelSignal: signal, forceKillAfterDelay: 2000 }) as const
  return {
    text: async (words, signal) => {
      try {
        const { stdout } = await execa('git', [...settings, ...words], {
          ...options(signal),
          stdin: 'ignore',
          maxBuffer: textMaxBytes,
          stripFinalNewline: false,
        })
        return stdout
      } catch (error) {
        if (signal.aborted) throw signal.reason
        throw failure(words, error)
      }
    },
    async *stream(words, input, signal) {
      const child = execa('git', [...settings, ...words], {
        ...options(signal),
        input,
        buffer: false,
        encoding: 'buffer',
      })
      try {
        for await (const chunk of child.iterable({ from: 'stdout', binary: true })) yield Buffer.from(chunk)
        await child
      } catch (error) {
        if (signal.aborted) throw signal.reason
        throw failure(words, error)
      } finally {
        child.kill()
      }
    },
  }
}

const failure = (words: readonly string[], error: unknown): McpdError => {
  if (!(error instanceof ExecaError)) return new McpdError('SOURCE_FAILED', 'git failed.', {}, error)
  if (error.code === 'ENOENT')
    return new McpdError('SOURCE_FAILED', 'git is not installed, or the folder is not there.', {}, error)
  if (error.timedOut) return new McpdError('SOURCE_FAILED', `git ${words[0]} took too long.`, {}, error)
  // Text, or bytes where the output is bytes.
  const stderr = error.stderr as string | Uint8Array | undefined
  const said =
    Buffer.from(stderr ?? '')
      .toString()
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^fatal: /, '') ?? ''
  return new McpdError(
    'SOURCE_FAILED',
    `git ${words[0]} failed: ${withoutCredentials(said).slice(0, 300)}.`,
    {},
    error,
  )
}

/** git repeats addresses in its messages. */
export const withoutCredentials = (text: string): string => text.replaceAll(/\/\/[^/@\s]*@/g, '//')
