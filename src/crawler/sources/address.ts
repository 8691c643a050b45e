import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { McpdError } from '../../core/errors.ts'

/** Whom a crawl may talk to: what the user named, and of what a document or a redirect names only what he listed. */
export interface AddressPolicy {
  /** Throws SOURCE_REFUSED for a URL that nobody allowed. */
  check(url: URL): void
  /** Resolves names to addresses that were checked; a name keeps its addresses as long as the policy lives. */
  readonly lookup: LookupFunction
}

export interface Resolved {
  readonly address: string
  readonly family: number
}
export type Resolve = (hostname: string) => Promise<readonly Resolved[]>

export interface AddressOptions {
  /** What the user or the config names: any address at all. */
  readonly named: URL
  /** `host` or `host:port` besides. */
  readonly hosts: readonly string[]
  readonly resolve?: Resolve
}

const list = (subnets: string): BlockList => {
  const blocked = new BlockList()
  for (const subnet of subnets.trim().split(/\s+/)) {
    const [address = '', bits = ''] = subnet.split('/')
    blocked.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return blocked
}

/** Where clouds hand out credentials. */
const linkLocal = list(
  '169.254.0.0/16 168.63.129.16/32 100.100.100.200/32 192.0.0.192/32 fe80::/10 fd00:ec2::/32',
)
/** Loopback, private, reserved, and what carries an IPv4 address inside. */
const inner = list(`
  0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.168.0.0/16
  198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
  ::/96 fc00::/7 fec0::/10 ff00::/8 64:ff9b::/96 64:ff9b:1::/48 2001::/32 2002::/16
`)

/** What an IP address leads to. */
export const reachOf = (address: string): 'public' | 'inner' | 'link-local' => {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  const family = isIP(bare) === 6 ? 'ipv6' : 'ipv4'
  if (linkLocal.check(bare, family)) return 'link-local'
  return inner.check(bare, family) ? 'inner' : 'public'
}

const defaultResolve: Resolve = (hostname) => lookup(hostname, { all: true })

const refused = (message: string): McpdError =>
  new McpdError('SOURCE_REFUSED', message, {
    suggestions: ['If it is meant to be read, add the host to `hosts` of the spec, or pass --allow-host.'],
  })

export const createAddressPolicy = ({
  named,
  hosts,
  resolve = defaultResolve,
}: AddressOptions): AddressPolicy => {
  const pinned = new Map<string, Promise<readonly Resolved[]>>()

  const isNamed = (url: URL): boolean =>
    url.origin === named.origin ||
    (url.hostname === named.hostname && url.protocol === 'https:' && url.port === '' && named.port === '')

  const check = (url: URL): void => {
    if (!/^https?:$/.test(url.protocol)) throw refused(`${url.protocol} addresses are not followed.`)
    if (isNamed(url)) return
    if (url.username !== '' || url.password !== '')
      throw refused(`An address on ${url.hostname} that brings credentials of its own is not followed.`)
    const listed = hosts.some((host) => host === url.host || host === `${url.hostname}:${portOf(url)}`)
    if (!listed) throw refused(`${url.origin} is not the host of ${named.origin}, nor one that is allowed.`)
    if (isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0 && reachOf(url.hostname) === 'link-local')
      throw refused(`${url.hostname} is a link-local address.`)
  }

  const checked = async (hostname: string): Promise<readonly Resolved[]> => {
    const found = await resolve(hostname)
    const isOwn = hostname === named.hostname
    const allowed = found.filter(({ address }) => {
      const reach = reachOf(address)
      return isOwn ? reach !== 'link-local' : reach === 'public'
    })
    if (found.length > 0 && allowed.length === 0)
      throw refused(`The name ${hostname} leads to ${isOwn ? 'a link-local' : 'an inner'} address.`)
    return allowed
  }

  const addresses = (hostname: string): Promise<readonly Resolved[]> => {
    let known = pinned.get(hostname)
    if (!known) pinned.set(hostname, (known = checked(hostname)))
    return known
  }

  return {
    check,
    // undici and Node ask for one address or, to try them in turn, for all.
    lookup: (hostname, options, done) => {
      const answer = async (): Promise<() => void> => {
        try {
          const found = await addresses(hostname)
          const [first] = found
          if (!first) throw Object.assign(new Error(`no address for ${hostname}`), { code: 'ENOTFOUND' })
          return () => (options.all ? done(null, [...found]) : done(null, first.address, first.family))
        } catch (error) {
          return () => done(error as NodeJS.ErrnoException, '')
        }
      }
      void answer().then((tell) => tell())
    },
  }
}

const portOf = (url: URL): string => url.port || (url.protocol === 'https:' ? '443' : '80')
