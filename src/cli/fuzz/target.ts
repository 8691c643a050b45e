import { lookup } from 'node:dns/promises'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { findStateDir, readDaemonRecord } from '../../client/locate.ts'
import type { BackendConfig } from '../../core/config.ts'
import { McpdError } from '../../core/errors.ts'
import { isObject, listAt, memberOf, textAt } from '../../openapi/json.ts'
import type { Spec } from '../../openapi/spec.ts'

/** Where requests may go. */
export interface GuardedTarget {
  readonly url: URL
  /** Gives the addresses that were looked at, whatever the name leads to later. */
  readonly lookup: LookupFunction
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** This machine, or a host that was allowed. Throws USAGE for others: a fuzzer at the wrong address does harm. */
export const guardTarget = async (url: URL, allowed: readonly string[]): Promise<GuardedTarget> => {
  if (!/^https?:$/.test(url.protocol)) throw new McpdError('USAGE', `${url.href} is no address of HTTP.`)
  if (url.username !== '' || url.password !== '')
    throw new McpdError('USAGE', 'Credentials go into --auth, not into the URL.')
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const found = await lookup(hostname, { all: true }).catch((error: unknown) => {
    throw new McpdError('SOURCE_FAILED', `The name ${hostname} leads nowhere.`, {}, error)
  })
  const isListed = allowed.some((host) => host === url.host || host === url.hostname || host === hostname)
  const isOwn = found.every(({ address }) => loopback.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'))
  if (!isListed && !isOwn)
    throw new McpdError('USAGE', `${url.host} is not this machine. Fuzzing breaks things and fills stores.`, {
      suggestions: [`If it may be tested: --allow-host ${url.host}`],
    })
  return {
    url,
    lookup: (_, options, done) => {
      const [first] = found
      if (options.all) done(null, found)
      else done(null, first?.address ?? '', first?.family)
    },
  }
}

/** The base URL that a document names for itself. Throws USAGE where it names none that is whole. */
export const ownServer = ({ document, name }: Spec, source: string): URL => {
  const [first] = listAt(document, 'servers')
  const variables = isObject(first) ? memberOf(first, 'variables') : undefined
  const written = (textAt(first, 'url') ?? '').replaceAll(
    /\{([^{}]+)\}/g,
    (_, each: string) => textAt(memberOf(variables, each), 'default') ?? '',
  )
  const base = /^https?:/.test(source) ? source : undefined
  if (written !== '' && URL.canParse(written, base)) return new URL(written, base)
  if (base !== undefined) return new URL('/', base)
  throw new McpdError('USAGE', `${name} does not say where its API is.`, {
    suggestions: ['Say it: --url http://host:port'],
  })
}

/** What makes a target one that somebody uses, or undefined. */
export const sharedUse = (
  url: URL,
  spec: Spec,
  backends: readonly BackendConfig[],
  flags: { readonly 'state-dir'?: string | undefined },
  env: NodeJS.ProcessEnv,
): string | undefined => {
  const same = (other: unknown): boolean =>
    typeof other === 'string' && URL.canParse(other) && place(new URL(other)) === place(url)
  const backend = backends.find(({ options }) => same(options['url']) || same(options['baseUrl']))
  if (backend) return `the backend ${backend.name}`
  const record = readDaemonRecord(findStateDir(flags['state-dir'], env))
  if (record && same(record.url)) return 'a running mcpd'
  return textAt(memberOf(spec.document, 'info'), 'title') === 'mcpd' ? 'a running mcpd' : undefined
}

const place = ({ hostname, port, protocol }: URL): string => {
  const name = hostname === 'localhost' || hostname === '[::1]' ? '127.0.0.1' : hostname
  return `${name}:${port || (protocol === 'https:' ? '443' : '80')}`
}
