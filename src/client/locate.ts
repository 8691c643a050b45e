import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { McpdError } from '../core/errors.ts'
import { defaultStateDir } from '../core/state-dir.ts'

export interface LocateOptions {
  /** Where the daemon listens, such as `http://127.0.0.1:6273`. Default: MCPD_URL, then the state directory. */
  readonly url?: string | undefined
  /** The daemon's state directory. Default: MCPD_STATE_DIR, then `$XDG_STATE_HOME/mcpd`. */
  readonly stateDir?: string | undefined
  /** The daemon's Unix socket, to be used for everything. Default: the one its state directory names. */
  readonly socketPath?: string | undefined
}

/** What a running daemon writes to `daemon.json` in its state directory. */
export interface DaemonRecord {
  readonly pid: number
  readonly url: string
  readonly socket?: string
  readonly startedAt?: string
  readonly version?: string
  /** The log file, where it is not `log.jsonl` beside this record. */
  readonly log?: string
}

export interface Address {
  readonly url: URL
  /** Where to send requests instead, when nobody asked for a URL: needs no API key. */
  readonly socketPath?: string
  /** Absent when the daemon is not one of this user on this machine: its admin token is needed then. */
  readonly adminSocketPath?: string
  /** Which of the places named it, in words for messages. */
  readonly source: string
}

const defaultUrl = 'http://127.0.0.1:6273'

/** `stateDir` if given, else MCPD_STATE_DIR, else the default. */
export const findStateDir = (stateDir: string | undefined, env: NodeJS.ProcessEnv): string =>
  stateDir ?? (env['MCPD_STATE_DIR'] || defaultStateDir(env))

/** Undefined when no daemon runs there, as far as the directory says: after a crash the record stays behind. */
export const readDaemonRecord = (stateDir: string): DaemonRecord | undefined => {
  try {
    const record: unknown = JSON.parse(readFileSync(join(stateDir, 'daemon.json'), 'utf8'))
    if (typeof record !== 'object' || record === null || !('url' in record)) return undefined
    return URL.canParse(String(record.url)) ? (record as DaemonRecord) : undefined
  } catch {
    // Not there, or half written: the same as no daemon.
    return undefined
  }
}

/** The daemon's log file, whether it runs or not. */
export const findLog = (stateDir: string | undefined, env: NodeJS.ProcessEnv): string => {
  const directory = findStateDir(stateDir, env)
  return readDaemonRecord(directory)?.log ?? join(directory, 'log.jsonl')
}

/**
 * Option > MCPD_URL > `daemon.json` of the state directory > http://127.0.0.1:6273. A URL that is not the one in
 * `daemon.json` gets no socket: what is meant for a daemon elsewhere must not stop the local one.
 * Throws USAGE for something that is not an http(s) URL.
 */
export const locateDaemon = (options: LocateOptions, env: NodeJS.ProcessEnv): Address => {
  const stateDir = findStateDir(options.stateDir, env)
  const record = readDaemonRecord(stateDir)
  const asked = options.url ?? (env['MCPD_URL'] || undefined)
  if (asked !== undefined) {
    const url = parseUrl(asked)
    const isLocal = record !== undefined && new URL(record.url).origin === url.origin
    const adminSocketPath = options.socketPath ?? (isLocal ? record.socket : undefined)
    return {
      url,
      source: options.url === undefined ? 'from MCPD_URL' : 'as asked for',
      ...(adminSocketPath !== undefined && { adminSocketPath }),
    }
  }
  const socketPath = options.socketPath ?? record?.socket
  return {
    url: new URL(record?.url ?? defaultUrl),
    source: record ? `from ${join(stateDir, 'daemon.json')}` : 'the default',
    ...(socketPath !== undefined && { socketPath, adminSocketPath: socketPath }),
  }
}

const parseUrl = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new McpdError('USAGE', `"${text}" is not the URL of a daemon.`, {
      suggestions: [`Write it like ${defaultUrl}.`],
    })
  return url
}
