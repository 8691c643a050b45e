import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { bundle, pathOf, type Related } from '../../../src/crawler/bundle.ts'
import { McpdError } from '../../../src/core/errors.ts'
import { loadDocument } from '../../../src/openapi/load.ts'
import { openSpec } from '../../../src/openapi/spec.ts'
import { crawling, scratch } from '../../harness/crawl.ts'
import { serve } from '../../harness/http-server.ts'

const folderOf = (files: Record<string, unknown>): Related => ({
  resolve: (reference, from) => {
    const id = pathOf(reference, from === '' ? 'api/openapi.json' : from)
    return id === 'api/openapi.json' ? '' : id
  },
  read: (id) =>
    id in files
      ? Promise.resolve(Buffer.from(JSON.stringify(files[id])))
      : Promise.reject(new McpdError('SOURCE_FAILED', `no ${id}`)),
})

const root = (schema: object, rest: object = {}) => ({
  openapi: '3.1.0',
  info: { title: 't', version: '1' },
  paths: { '/a': { get: { responses: { 200: { content: { 'application/json': { schema } } } } } } },
  ...rest,
})
const bundled = async (document: object, files: Record<string, unknown>, max = 1_000_000) => {
  const raw = Buffer.from(JSON.stringify(document))
  const made = await bundle(raw, folderOf(files), max)
  return { ...made, document: JSON.parse(made.raw.toString()) as Record<string, unknown> }
}

describe('a document of several files', () => {
  it('becomes one, in which every reference still leads where it led', async () => {
    const { raw, document } = await bundled(root({ $ref: '../schemas/pet.json#/Pet' }), {
      'schemas/pet.json': {
        Pet: { type: 'object', properties: { owner: { $ref: 'owner.json' }, twin: { $ref: '#/Pet' } } },
      },
      'schemas/owner.json': { type: 'object', properties: { home: { $ref: '../api/openapi.json#/info' } } },
    })
    expect(Object.keys(document['x-mcpd-documents'] as object)).toEqual([
      'schemas/pet.json',
      'schemas/owner.json',
    ])
    const spec = openSpec(loadDocument(raw, 'x'))
    const at = (reference: string) => spec.follow({ $ref: reference }, '')?.value
    expect(at('#/x-mcpd-documents/schemas~1pet.json/Pet')).toMatchObject({
      properties: {
        owner: { $ref: '#/x-mcpd-documents/schemas~1owner.json' },
        twin: { $ref: '#/x-mcpd-documents/schemas~1pet.json/Pet' },
      },
    })
    expect(at('#/x-mcpd-documents/schemas~1owner.json')).toMatchObject({
      properties: { home: { $ref: '#/info' } },
    })
    expect(
      spec.health().filter(({ id }) => id === 'dangling-reference' || id === 'external-reference'),
    ).toEqual([])
  })

  it('of one file keeps its bytes', async () => {
    const document = root({ $ref: '#/components/schemas/A' })
    expect((await bundled(document, {})).raw.toString()).toBe(JSON.stringify(document))
  })

  it('keeps references that lead nowhere, and words in data', async () => {
    const schema = { $ref: './gone.json', example: { $ref: 'there.json' }, 'x-note': { $ref: 'there.json' } }
    const made = await bundled(root(schema), { 'api/there.json': {} })
    expect(made.isBundled).toBe(false)
  })

  it('takes a property by the name of a keyword for a property', async () => {
    const schema = {
      type: 'object',
      properties: { default: { $ref: 'there.json' }, $ref: { type: 'string' } },
    }
    expect((await bundled(root(schema), { 'api/there.json': { type: 'string' } })).isBundled).toBe(true)
  })

  it('is no larger than allowed, nor of more files', async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 1000 }, (_, at) => [
        `api/${at}.json`,
        { properties: { next: { $ref: `${at + 1}.json` } } },
      ]),
    )
    const long = await bundled(root({ $ref: '0.json' }), chain)
    expect(Object.keys(long.document['x-mcpd-documents'] as object).length).toBeLessThanOrEqual(200)
    const large = await bundled(
      root({ $ref: 'large.json' }),
      { 'api/large.json': { x: 'x'.repeat(5000) } },
      4000,
    )
    expect(large.isBundled).toBe(false)
  })

  it.each([
    ['../../secret', 'leads out'],
    ['%2e%2e/%2e%2e/secret', 'leads out'],
    ['..\\..\\secret', 'leads out'],
    ['/etc/passwd', 'no relative path'],
    ['file:///etc/passwd', 'no relative path'],
    ['http://169.254.169.254/', 'no relative path'],
  ])('never leads to %s', (reference, words) => {
    expect(() => pathOf(reference, 'api/openapi.json')).toThrow(words)
  })
})

const write = (folder: string, files: Record<string, unknown>): void => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content))
  }
}

describe('references of a source', () => {
  const files = {
    'api.json': {
      openapi: '3.1.0',
      info: { title: 't', version: '1' },
      paths: { '/a': { $ref: 'paths/a.json' } },
    },
    'paths/a.json': { get: { responses: { 200: { description: 'ok' } } } },
  }

  it('are read from files beside it, and a change of one is a change', async () => {
    const folder = scratch()
    write(folder, files)
    const { crawl } = crawling()
    const origin = { kind: 'file', path: join(folder, 'api.json') } as const
    expect(await crawl(origin)).toMatchObject({ outcome: 'first', version: { operations: 1 } })
    write(folder, { 'paths/a.json': { get: {}, put: {} } })
    expect(await crawl(origin)).toMatchObject({ outcome: 'changed', version: { operations: 2 } })
  })

  it('do not follow a link out of the folder', async () => {
    const [folder, outside] = [scratch(), scratch()]
    write(outside, { 'secret.json': { get: { description: 'secret' } } })
    write(folder, { 'api.json': { ...files['api.json'], paths: { '/a': { $ref: 'link.json' } } } })
    symlinkSync(join(outside, 'secret.json'), join(folder, 'link.json'))
    const { store, crawl } = crawling()
    expect(await crawl({ kind: 'file', path: join(folder, 'api.json') })).toMatchObject({ outcome: 'first' })
    const [version] = await store.spec('api').versions()
    expect(await store.spec('api').canonical(version!)).not.toContain('secret')
  })

  it('are read from the commit', async () => {
    const folder = scratch()
    const git = (...words: string[]) =>
      execa('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...words], { cwd: folder })
    await git('init', '-q')
    write(folder, files)
    await git('add', '.')
    await git('commit', '-q', '-m', 'one')
    write(folder, { 'paths/a.json': { get: {}, put: {}, post: {} } })
    const { crawl } = crawling()
    expect(
      await crawl({ kind: 'git', repository: folder, path: 'api.json', revision: 'HEAD' }),
    ).toMatchObject({
      outcome: 'first',
      version: { operations: 1 },
    })
  })

  it('are fetched from the same server and from nobody else', async () => {
    const other = await serve((_, response) => void response.end(JSON.stringify(files['paths/a.json'])))
    const paths = { '/a': { $ref: 'paths/a.json' }, '/b': { $ref: `${other.url}/b.json` } }
    const { url } = await serve((request, response) => {
      const body = request.url === '/api.json' ? { ...files['api.json'], paths } : files['paths/a.json']
      response.setHeader('etag', '"always"').end(JSON.stringify(body))
    })
    const { crawl } = crawling()
    const origin = { kind: 'url', url: `${url}/api.json` } as const
    expect(await crawl(origin)).toMatchObject({ outcome: 'first', version: { operations: 1 } })
    expect(other.requests).toHaveLength(0)
    expect(await crawl(origin, { hosts: [new URL(other.url).host] })).toMatchObject({
      outcome: 'changed',
      version: { operations: 2 },
    })
  })

  it('are never fetched from files, inner addresses and other schemes by a document from the network', async () => {
    const other = await serve((_, response) => void response.end('{"get":{}}'))
    const { port } = new URL(other.url)
    const targets = [
      'file:///etc/hostname',
      'http://169.254.169.254/latest/meta-data/',
      'http://[::ffff:169.254.169.254]/',
      `http://localhost:${port}/`,
      `http://[::1]:${port}/`,
      `//127.0.0.1:${port}/x`,
      `http://2130706433:${port}/`,
      `http://user:pass@127.0.0.1:${port}/`,
      'ftp://127.0.0.1/x',
      'data:application/json,{"get":{}}',
      'javascript:0',
      'http://metadata.google.internal/x',
    ]
    const paths = Object.fromEntries(targets.map((target, at) => [`/${at}`, { $ref: target }]))
    const { url } = await serve(
      (_, response) => void response.end(JSON.stringify({ ...files['api.json'], paths })),
    )
    const { store, crawl } = crawling()
    expect(await crawl({ kind: 'url', url: `${url}/api.json` })).toMatchObject({
      outcome: 'first',
      version: { operations: 0 },
    })
    expect(other.requests).toHaveLength(0)
    const [version] = await store.spec('api').versions()
    expect(await store.spec('api').canonical(version!)).not.toContain('x-mcpd-documents')
  })
})
