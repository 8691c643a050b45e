import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { crawlAll } from '../../../src/crawler/crawl.ts'
import { hasFailed } from '../../../src/crawler/outcome.ts'
import { openStore } from '../../../src/crawler/snapshots/store.ts'
import { crawling, documentOf, operationsNamed, scratch } from '../../harness/crawl.ts'
import { serve } from '../../harness/http-server.ts'

/** A server whose document can be changed, with an ETag that changes with it. */
const changing = async (first: unknown) => {
  let body = first
  const { url, requests } = await serve((request, response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const etag = `"${createHash('sha256').update(text).digest('hex')}"`
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end()
    else
      response
        .writeHead(200, { etag, 'content-type': text.startsWith('<') ? 'text/html' : 'application/json' })
        .end(text)
  })
  return {
    origin: { kind: 'url', url: `${url}/openapi.json` } as const,
    requests,
    url,
    become: (next: unknown) => void (body = next),
  }
}

const filesOf = (folder: string): Record<string, number> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [file, statSync(file).size]),
  )

describe('a source', () => {
  it('is stored once, accepted, and then costs one conditional request', async () => {
    const { store, crawl } = crawling()
    const api = await changing(documentOf(['GET /a']))
    expect(await crawl(api.origin)).toMatchObject({
      outcome: 'first',
      stored: 1,
      version: { number: 1, operations: 1 },
    })
    const before = filesOf(store.path)
    expect(await crawl(api.origin)).toMatchObject({ outcome: 'unchanged', stored: 0, version: { number: 1 } })
    expect(filesOf(store.path)).toEqual(before)
    expect(api.requests).toHaveLength(2)
    expect(api.requests[1]?.headers['if-none-match']).toBeDefined()
    expect(await store.spec('api').accepted()).toMatchObject({ number: 1 })
  })

  it('that changes gets another version; the accepted one stays', async () => {
    const { store, crawl } = crawling()
    const api = await changing(documentOf(['GET /a']))
    await crawl(api.origin)
    api.become(documentOf(['GET /a', 'GET /b']))
    expect(await crawl(api.origin)).toMatchObject({
      outcome: 'changed',
      version: { number: 2, operations: 2 },
    })
    expect(await store.spec('api').accepted()).toMatchObject({ number: 1 })
  })

  it.each([
    ['the order of members', { info: { version: '1', title: 'test' } }],
    [
      'a timestamp in the description',
      { info: { title: 'test', version: '1', description: 'made 2026-03-04T05:06:07Z' } },
    ],
  ])('that differs only by %s has not changed', async (_, rest) => {
    const { crawl } = crawling()
    const description = 'made 2026-01-02T03:04:05Z'
    const api = await changing(
      documentOf(['GET /a'], {
        info: { title: 'test', version: '1', ...('description' in rest.info && { description }) },
      }),
    )
    await crawl(api.origin)
    api.become(documentOf(['GET /a'], rest))
    expect(await crawl(api.origin)).toMatchObject({ outcome: 'unchanged', stored: 0 })
  })

  it('that writes its own address into its document has not changed when that does', async () => {
    const { crawl } = crawling()
    for (const outcome of ['first', 'unchanged']) {
      const { url } = await serve((request, response) => {
        response.end(
          JSON.stringify(documentOf(['GET /a'], { servers: [{ url: `http://${request.headers.host}/v1` }] })),
        )
      })
      expect(await crawl({ kind: 'url', url: `${url}/openapi.json` })).toMatchObject({ outcome })
    }
  })

  it('whose validators belonged to other credentials is asked without them', async () => {
    const { crawl } = crawling()
    const api = await changing(documentOf(['GET /a']))
    await crawl(api.origin)
    await crawl(api.origin, { auth: { kind: 'token', token: 'secret' } })
    expect(api.requests[1]?.headers['if-none-match']).toBeUndefined()
  })

  it.each([
    ['a web page', '<!doctype html><title>Docs</title>', 'web page'],
    ['a login page', '<html><form>Sign in <input type="password"></form></html>', 'login page'],
  ])('that answers with %s is suspect', async (_, page, words) => {
    const { store, crawl } = crawling()
    const api = await changing(documentOf(['GET /a']))
    await crawl(api.origin)
    api.become(page)
    const outcome = await crawl(api.origin)
    expect(outcome).toMatchObject({
      outcome: 'suspect',
      stored: 0,
      problem: { message: expect.stringContaining(words) },
    })
    expect(hasFailed(outcome)).toBe(true)
    expect(await store.spec('api').versions()).toHaveLength(1)
    api.become(documentOf(['GET /a']))
    expect(await crawl(api.origin)).toMatchObject({ outcome: 'unchanged' })
  })

  it('that has lost more than half of its operations is suspect, unless it is trusted', async () => {
    const { crawl } = crawling()
    const api = await changing(documentOf(operationsNamed(10)))
    await crawl(api.origin)
    api.become(documentOf(operationsNamed(4)))
    expect(await crawl(api.origin)).toMatchObject({
      outcome: 'suspect',
      problem: { message: expect.stringContaining('6 of 10') },
    })
    expect(await crawl(api.origin)).toMatchObject({ outcome: 'suspect' })
    expect(await crawl(api.origin, { trust: true })).toMatchObject({ outcome: 'changed' })
  })

  it('that has lost half of them has changed', async () => {
    const { crawl } = crawling()
    const api = await changing(documentOf(operationsNamed(10)))
    await crawl(api.origin)
    api.become(documentOf(operationsNamed(5)))
    expect(await crawl(api.origin)).toMatchObject({ outcome: 'changed' })
  })

  it('that is watched must lack operations twice', async () => {
    const { store, crawl } = crawling()
    const api = await changing(documentOf(operationsNamed(4)))
    const watch = () => crawl(api.origin, { sightings: 2 })
    await watch()
    api.become(documentOf(operationsNamed(3)))
    expect(await watch()).toMatchObject({ outcome: 'pending', stored: 0 })
    expect(await store.spec('api').pending()).toMatchObject({ removed: ['GET /p3'] })
    expect(await watch()).toMatchObject({ outcome: 'changed', version: { operations: 3 } })
    expect(await store.spec('api').pending()).toBeUndefined()
  })

  it('that is watched and recovers has not changed', async () => {
    const { store, crawl } = crawling()
    const api = await changing(documentOf(operationsNamed(4)))
    const watch = () => crawl(api.origin, { sightings: 2 })
    await watch()
    api.become(documentOf(operationsNamed(3)))
    await watch()
    api.become(documentOf(operationsNamed(4)))
    expect(await watch()).toMatchObject({ outcome: 'unchanged' })
    expect(await store.spec('api').pending()).toBeUndefined()
    api.become(documentOf(operationsNamed(3)))
    expect(await watch()).toMatchObject({ outcome: 'pending' })
  })

  it.each([
    ['JSON of another kind', '{"hello":"world"}', 'SPEC_INVALID'],
    ['no text at all', '', 'SPEC_INVALID'],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'
        .split('')
        .map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[at]}`).join(',')}]`)
        .join('\n')}\nopenapi: 3.1.0`,
      'SPEC_INVALID',
    ],
    ['a thousand levels', `{"openapi":"3.1.0","x":${'['.repeat(1000)}${']'.repeat(1000)}}`, 'SPEC_INVALID'],
  ])('that answers with %s has failed', async (_, body, code) => {
    const { store, crawl } = crawling()
    const api = await changing(body)
    expect(await crawl(api.origin)).toMatchObject({ outcome: 'failed', problem: { code } })
    expect(await store.names()).toEqual([])
  })

  it('of a hundred thousand paths is kept', async () => {
    const { crawl } = crawling()
    const api = await changing(documentOf(operationsNamed(100_000)))
    expect(await crawl(api.origin)).toMatchObject({ outcome: 'first', version: { operations: 100_000 } })
  }, 120_000)
})

it('many sources are looked at together, and each is told of as it ends', async () => {
  const store = openStore({ path: scratch() })
  const tasks = Array.from({ length: 30 }, (_, index) => ({
    name: `s${index}`,
    sizeMaxBytes: 1000,
    open: () => ({
      location: 'memory',
      fetch: () =>
        index === 7
          ? Promise.reject(new Error('broken'))
          : Promise.resolve({
              kind: 'found',
              raw: Buffer.from(JSON.stringify(documentOf(['GET /a']))),
              location: 'memory',
            } as const),
    }),
  }))
  const told: number[] = []
  const outcomes = await crawlAll(tasks, { store, signal: new AbortController().signal }, (_, ended) =>
    told.push(ended),
  )
  expect(outcomes.map(({ name }) => name)).toEqual(tasks.map(({ name }) => name))
  expect(outcomes[7]).toMatchObject({ outcome: 'failed', problem: { code: 'INTERNAL' } })
  expect(outcomes.filter(hasFailed)).toHaveLength(1)
  expect(told).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
})
