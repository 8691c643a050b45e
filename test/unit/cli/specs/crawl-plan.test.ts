import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { planCrawl, type CrawlWords } from '../../../../src/cli/specs/crawl-plan.ts'
import { resolveConfig } from '../../../../src/core/config.ts'
import type { ConfigFile } from '../../../../src/core/config-schema.ts'
import { createHostLimit } from '../../../../src/crawler/sources/host-limit.ts'
import { scratch } from '../../../harness/crawl.ts'

// Options of adapters, which the type of the file does not know.
const gpu = { name: 'gpu', adapter: 'openai', url: 'http://127.0.0.1:1/v1' }
const here = { name: 'here', adapter: 'embedded', model: 'x.gguf' }

const file: ConfigFile = {
  backends: [gpu, here],
  specs: { sources: [{ name: 'billing', url: 'http://127.0.0.1:1/billing.json' }] },
}

/** Names and places of what would be crawled. */
const plan = async (words: string[], rest: Partial<CrawlWords> = {}, cwd = scratch()) => {
  const config = resolveConfig(file, '/state', cwd)
  const own = { url: new URL('http://127.0.0.1:6273/openapi.json') }
  const tasks = await planCrawl(
    { words, hosts: [], history: false, ...rest },
    { config, backends: config.backends, cwd, own, limit: createHostLimit(1), cacheDir: '/cache' },
  )
  return tasks.map(({ name, open }) => [name, open().location])
}

describe('what is crawled', () => {
  it('is everything when nothing is named: specs, backends with an address, the daemon', async () => {
    expect(await plan([])).toEqual([
      ['billing', 'http://127.0.0.1:1/billing.json'],
      ['gpu', 'http://127.0.0.1:1/v1'],
      ['mcpd', 'http://127.0.0.1:6273/openapi.json'],
    ])
  })

  it.each([
    ['billing', 'billing', 'http://127.0.0.1:1/billing.json'],
    ['gpu', 'gpu', 'http://127.0.0.1:1/v1'],
    ['mcpd', 'mcpd', 'http://127.0.0.1:6273/openapi.json'],
    ['http://127.0.0.1:8080', '127.0.0.1-8080', 'http://127.0.0.1:8080/'],
    [
      'http://127.0.0.1:8080/api-doc/openapi.json',
      '127.0.0.1-8080',
      'http://127.0.0.1:8080/api-doc/openapi.json',
    ],
    ['https://x.example/specs/pay.json', 'x.example-pay', 'https://x.example/specs/pay.json'],
    ['https://u:p@x.example/pay.json', 'x.example-pay', 'https://x.example/pay.json'],
    ['HEAD:docs/openapi.yaml', 'openapi', 'HEAD:docs/openapi.yaml'],
    ['v1.2:pay/openapi.yaml', 'pay', 'v1.2:pay/openapi.yaml'],
  ])('by %s is called %s', async (word, name, location) => {
    expect(await plan([word])).toEqual([[name, location]])
  })

  it('may be files, patterns and a command', async () => {
    const cwd = scratch()
    mkdirSync(join(cwd, 'specs'))
    for (const path of ['a.json', 'specs/b.json', 'specs/c.json']) writeFileSync(join(cwd, path), '{}')
    const names = async (words: string[], rest = {}) => (await plan(words, rest, cwd)).map(([name]) => name)
    expect(await names(['a.json', 'specs/*.json'])).toEqual(['a', 'b', 'c'])
    expect(await names([], { command: ['/bin/print-schema', '--json'] })).toEqual(['print-schema'])
    expect(await names(['a.json'], { name: 'other' })).toEqual(['other'])
    expect(await plan(['a.json'], { history: true }, cwd)).toEqual([['a', 'HEAD:./a.json']])
  })

  it.each([
    [['nobody'], {}, 'nobody'],
    [['biling'], {}, 'biling'],
    [['http://h/x.json', 'http://h/x.json'], {}, 'Two of these'],
    [['http://h/x.json', 'http://h/y.json'], { name: 'one' }, '--name'],
  ])('must be something: %j', async (words, rest, message) => {
    await expect(plan(words, rest)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(message) as string,
    })
  })
})
