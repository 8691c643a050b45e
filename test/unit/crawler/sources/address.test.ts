import { describe, expect, it } from 'vitest'
import { createAddressPolicy, reachOf, type Resolved } from '../../../../src/crawler/sources/address.ts'

describe('what an address leads to', () => {
  it.each([
    ['93.184.216.34', 'public'],
    ['2606:4700::1111', 'public'],
    ['127.0.0.1', 'inner'],
    ['10.1.2.3', 'inner'],
    ['172.31.255.255', 'inner'],
    ['192.168.0.1', 'inner'],
    ['100.64.0.1', 'inner'],
    ['0.0.0.0', 'inner'],
    ['::', 'inner'],
    ['::1', 'inner'],
    ['[::1]', 'inner'],
    ['fc00::1', 'inner'],
    ['fd12:3456::1', 'inner'],
    ['::ffff:127.0.0.1', 'inner'],
    ['::ffff:7f00:1', 'inner'],
    ['::127.0.0.1', 'inner'],
    ['64:ff9b::7f00:1', 'inner'],
    ['2002:7f00:1::', 'inner'],
    ['224.0.0.1', 'inner'],
    ['255.255.255.255', 'inner'],
    ['169.254.169.254', 'link-local'],
    ['::ffff:169.254.169.254', 'link-local'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['fd00:ec2::254', 'link-local'],
    ['100.100.100.200', 'link-local'],
    ['168.63.129.16', 'link-local'],
  ])('%s: %s', (address, reach) => {
    expect(reachOf(address)).toBe(reach)
  })
})

describe('where a redirect may lead', () => {
  const policy = (named: string, hosts: string[] = []) =>
    createAddressPolicy({ named: new URL(named), hosts })
  const check = (named: string, target: string, hosts?: string[]) => () =>
    policy(named, hosts).check(new URL(target))

  it.each([
    ['http://127.0.0.1:8080/a', 'http://127.0.0.1:8080/b'],
    ['http://api.example/a', 'https://api.example/a'],
    ['http://169.254.1.1/', 'http://169.254.1.1/x'],
  ])('from %s to %s', (named, target) => {
    expect(check(named, target)).not.toThrow()
  })

  it('to hosts that were listed', () => {
    expect(check('http://a.example/', 'https://b.example/x', ['b.example'])).not.toThrow()
    expect(check('http://a.example/', 'http://10.0.0.1:81/x', ['10.0.0.1:81'])).not.toThrow()
    expect(check('http://a.example/', 'http://b.example:81/x', ['b.example'])).toThrow('not the host')
    expect(check('http://a.example/', 'http://169.254.169.254/', ['169.254.169.254'])).toThrow('link-local')
  })

  it.each([
    'http://other.example/',
    'http://api.example.evil.example/',
    'http://api.example:81/',
    'https://api.example:8443/',
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://metadata.google.internal/',
    'http://localhost/',
    'http://user:pass@other.example/',
    'file:///etc/passwd',
    'ftp://api.example/',
    'gopher://api.example/',
    'data:application/json,{}',
  ])('but not to %s', (target) => {
    expect(check('http://api.example/', target)).toThrow(expect.objectContaining({ code: 'SOURCE_REFUSED' }))
  })

  it('and never down from https', () => {
    expect(check('https://api.example/', 'http://api.example/')).toThrow('not the host')
  })
})

describe('the addresses of a name', () => {
  const lookup = (named: string, hosts: string[], found: Resolved[][]) => {
    let asked = 0
    const policy = createAddressPolicy({
      named: new URL(named),
      hosts,
      resolve: () => Promise.resolve(found[Math.min(asked++, found.length - 1)]!),
    })
    return (hostname: string) =>
      new Promise<unknown>((resolve) =>
        policy.lookup(hostname, { all: true }, (error, addresses) => resolve(error?.message ?? addresses)),
      )
  }
  const outer = { address: '93.184.216.34', family: 4 }
  const own = { address: '127.0.0.1', family: 4 }
  const metadata = { address: '169.254.169.254', family: 4 }

  it('may be inner ones where the user named it', async () => {
    expect(await lookup('http://box.lan/', [], [[own]])('box.lan')).toEqual([own])
    expect(await lookup('http://box.lan/', [], [[metadata, own]])('box.lan')).toEqual([own])
    expect(await lookup('http://box.lan/', [], [[metadata]])('box.lan')).toContain('link-local')
  })

  it('must be public ones where a document led to it', async () => {
    const ask = lookup('http://a.example/', ['b.example'], [[own, outer]])
    expect(await ask('b.example')).toEqual([outer])
    expect(await lookup('http://a.example/', ['b.example'], [[own]])('b.example')).toContain('inner')
  })

  it('do not change between the check and the connection', async () => {
    const ask = lookup('http://a.example/', ['b.example'], [[outer], [own]])
    expect(await ask('b.example')).toEqual([outer])
    expect(await ask('b.example')).toEqual([outer])
  })
})
