import type { Logger } from 'pino'
import { RedisRefusal } from './connection.ts'

/** Says in the log how Redis is: one line for each change, and nothing of its URL in any. */
export interface RedisWatch {
  /** Connected. `info` is what the command INFO says, empty where it may not be asked. */
  ready(info: string): void
  /** A connection broke, or was not made. */
  failed(error: unknown): void
  /** It is connected and does not answer, and is left alone for some time. */
  slow(): void
  /** It answers again after that. */
  answers(): void
  /** It answered a script with an error. */
  refused(error: RedisRefusal): void
}

/** Codes of errors, and what they mean for somebody who keeps hot copies. */
const words: readonly (readonly [code: RegExp, word: string])[] = [
  [
    /\b(WRONGPASS|NOAUTH|invalid password|AUTH)\b/,
    'it does not accept the user or the password of contexts.hot',
  ],
  [
    /\bNOPERM\b/,
    'the user of contexts.hot lacks rights: it needs EVAL and EVALSHA on keys that begin with mcpd:',
  ],
  [/\bOOM\b/, 'it is full, and takes no new copies'],
  [/\bREADONLY\b/, 'it is a replica, which takes no copies; name the primary in contexts.hot'],
  [/\b(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MISCONF)\b/, 'it is not ready'],
  [/cluster support disabled/, 'it is no cluster; name one URL in contexts.hot'],
  [/\b(MOVED|CROSSSLOT)\b/, 'it is a cluster; name it with redis+cluster://, or as a list, in contexts.hot'],
  [
    /\b(CERT|certificate|SSL|TLS|self-signed)\b|_CERT_/i,
    'its certificate is not trusted, or it does not speak TLS',
  ],
  [
    /\b(E[A-Z]{4,}|ConnectionTimeoutError|RootNodesUnavailableError)\b|closed unexpectedly/,
    'it cannot be reached',
  ],
]

const wordOf = (error: unknown): string => {
  const {
    name,
    message = '',
    code = '',
  } = (error ?? {}) as { name?: string; message?: string; code?: string }
  const text = `${name} ${code} ${message} ${error instanceof Error ? error.constructor.name : ''}`
  return words.find(([pattern]) => pattern.test(text))?.[1] ?? 'the connection broke'
}

/** Whether an answer says how Redis is, rather than what is wrong with a copy. */
export const isOfServer = (error: RedisRefusal): boolean =>
  words.some(([pattern]) => pattern.test(error.message))

const without = 'Conversations are read from the journal meanwhile, which takes longer.'

export const createWatch = (log: Pick<Logger, 'info' | 'warn'>): RedisWatch => {
  let trouble: string | undefined
  const refusals = new Set<string>()
  const troubled = (word: string): void => {
    if (trouble === word) return
    trouble = word
    log.warn(`Redis, which has the hot copies of contexts, is not available: ${word}. ${without}`)
  }
  const well = (): void => {
    if (trouble !== undefined) log.info('Redis, which has the hot copies of contexts, is there again')
    trouble = undefined
  }
  /** Once until it is connected anew. */
  const once = (line: string): void => {
    if (refusals.has(line)) return
    refusals.add(line)
    log.warn(line)
  }
  return {
    ready: (info) => {
      well()
      const fact = (name: string): string => new RegExp(`^${name}:(.*?)\\s*$`, 'm').exec(info)?.[1] ?? ''
      const policy = fact('maxmemory_policy')
      if (fact('role') === 'slave')
        once('Redis of contexts.hot is a replica, which takes no copies; name the primary.')
      if (policy !== '' && policy !== 'noeviction' && fact('maxmemory') !== '0')
        once(
          `Redis of contexts.hot evicts when it is full (maxmemory-policy ${policy}): hot copies may go at any time, and come back from the journal.`,
        )
    },
    failed: (error) => {
      refusals.clear()
      troubled(wordOf(error))
    },
    slow: () => troubled('it does not answer in time'),
    answers: well,
    refused: (error) => once(`Redis refuses hot copies of contexts: ${wordOf(error)}. ${without}`),
  }
}
