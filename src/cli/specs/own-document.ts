import { isMcpdError } from '../../core/errors.ts'
import { specDefaults } from '../../core/spec-config.ts'
import { locateDaemon, readDaemonRecord, findStateDir } from '../../client/locate.ts'
import type { HostLimit } from '../../crawler/sources/host-limit.ts'
import type { Source } from '../../crawler/sources/source.ts'
import { urlSource } from '../../crawler/sources/url.ts'

/** The name under which the daemon's own document is kept. */
export const ownName = 'mcpd'

export interface OwnDaemon {
  readonly url: URL
  readonly socketPath?: string
  readonly key?: string
}

/** The daemon that this command line would talk to; undefined when nothing says that one runs. */
export const findOwnDaemon = (
  flags: { readonly url?: string | undefined; readonly 'state-dir'?: string | undefined },
  env: NodeJS.ProcessEnv,
): OwnDaemon | undefined => {
  const record = readDaemonRecord(findStateDir(flags['state-dir'], env))
  if (!record && flags.url === undefined && !env['MCPD_URL']) return undefined
  const { url, socketPath } = locateDaemon({ url: flags.url, stateDir: flags['state-dir'] }, env)
  const key = env['MCPD_API_KEY']
  return {
    url: new URL('openapi.json', url.href.endsWith('/') ? url : `${url.href}/`),
    ...(socketPath !== undefined && { socketPath }),
    ...(key ? { key } : {}),
  }
}

/** What a crash left behind may say that a daemon runs: one that does not answer has no document. */
export const ownSource = ({ url, socketPath, key }: OwnDaemon, limit: HostLimit): Source => {
  const { hosts, timeoutMs, sizeMaxBytes } = specDefaults
  const source = urlSource(url, {
    hosts,
    timeoutMs,
    sizeMaxBytes,
    limit,
    retry: { attemptsMax: 1 },
    ...(socketPath !== undefined && { socketPath }),
    ...(key !== undefined && { auth: { kind: 'token', token: key } }),
  })
  return {
    location: source.location,
    fetch: async (known, signal) => {
      try {
        return await source.fetch(known, signal)
      } catch (error) {
        const code = isMcpdError(error) && (error.cause as NodeJS.ErrnoException | undefined)?.code
        if (code === 'ECONNREFUSED' || code === 'ENOENT') return { kind: 'nothing', tried: [url.pathname] }
        throw error
      }
    },
  }
}
