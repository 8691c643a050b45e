import { describe, expect, it } from 'vitest'
import { crawling, documentOf } from '../../../harness/crawl.ts'
import { serve } from '../../../harness/http-server.ts'

/** A server with these bodies by path; anything else is 404. */
const serving = (bodies: Record<string, unknown>) =>
  serve((request, response) => {
    const body = bodies[request.url ?? '']
    if (body === undefined) response.writeHead(404).end('no')
    else response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })

describe('a server without a path', () => {
  it.each([
    '/openapi.json',
    '/api-doc/openapi.json',
    '/v2/docs/dataplane.json',
    '/swagger/doc.json',
    '/openapi.yaml',
  ])('is searched; one at %s is found, and asked for at once the next time', async (path) => {
    const { crawl } = crawling()
    const { url, requests } = await serving({ [path]: documentOf(['GET /a']) })
    expect(await crawl({ kind: 'url', url })).toMatchObject({ outcome: 'first', source: `${url}${path}` })
    const searched = requests.length
    expect(await crawl({ kind: 'url', url })).toMatchObject({ outcome: 'unchanged' })
    expect(requests.slice(searched).map((request) => request.url)).toEqual([path])
  })

  it('that answers every path with a page has no document', async () => {
    const { crawl } = crawling()
    const { url } = await serve((_, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html><div id="app"></div>')
    })
    expect(await crawl({ kind: 'url', url })).toMatchObject({
      outcome: 'nothing',
      problem: { code: 'SOURCE_FAILED' },
    })
  })

  it.each(['/api-doc/openapi.json', '/v2'])(
    'that falls silent at %s has failed, and is not one without a document',
    async (path) => {
      const { crawl } = crawling()
      const { url } = await serve((request, response) => {
        if (request.url !== path) response.writeHead(404).end()
      })
      expect(await crawl({ kind: 'url', url }, { timeoutMs: 500 })).toMatchObject({
        outcome: 'failed',
        problem: { message: expect.stringContaining('500 ms') },
      })
    },
  )

  it('that wants credentials says so', async () => {
    const { crawl } = crawling()
    const { url } = await serve((_, response) => void response.writeHead(401).end())
    expect(await crawl({ kind: 'url', url })).toMatchObject({
      outcome: 'failed',
      problem: { message: expect.stringContaining('credentials') },
    })
  })
})

describe('a backend', () => {
  it('is searched with its own credentials, below its prefix first', async () => {
    const { crawl } = crawling()
    const { url, requests } = await serving({ '/gateway/openapi.json': documentOf(['GET /a']) })
    const backends = [
      {
        name: 'gpu',
        adapter: 'openai',
        options: { url: `${url}/gateway/v1`, apiKey: 'k', headers: { 'x-team': 't' } },
      },
    ]
    expect(await crawl({ kind: 'backend', backend: 'gpu' }, { backends })).toMatchObject({
      outcome: 'first',
      source: `${url}/gateway/openapi.json`,
    })
    expect(requests[0]?.headers).toMatchObject({ authorization: 'Bearer k', 'x-team': 't' })
  })

  it('must be there', async () => {
    const { crawl } = crawling()
    expect(await crawl({ kind: 'backend', backend: 'nobody' })).toMatchObject({
      outcome: 'failed',
      problem: { code: 'CONFIG_INVALID' },
    })
  })
})

describe('a document at an address', () => {
  it('is named without the values of its query, in the store as well', async () => {
    const { store, crawl } = crawling()
    const { url } = await serve((_, response) => void response.end(JSON.stringify(documentOf(['GET /a']))))
    const outcome = await crawl({ kind: 'url', url: `${url}/openapi.json?token=secret` })
    expect(outcome).toMatchObject({ outcome: 'first', source: `${url}/openapi.json?token=…` })
    const kept = [await store.spec('api').versions(), await store.spec('api').memory()]
    expect(JSON.stringify(kept)).not.toContain('secret')
  })

  it.each([404, 401, 500])('that answers %i has failed', async (status) => {
    const { crawl } = crawling()
    const { url } = await serve((_, response) => void response.writeHead(status).end('no'))
    expect(await crawl({ kind: 'url', url: `${url}/x` })).toMatchObject({
      outcome: 'failed',
      problem: { code: 'SOURCE_FAILED', message: expect.stringContaining(String(status)) },
    })
  })

  it('whose server is not there has failed', async () => {
    const { crawl } = crawling()
    expect(await crawl({ kind: 'url', url: 'http://127.0.0.1:1/x' })).toMatchObject({
      outcome: 'failed',
      problem: { code: 'SOURCE_FAILED', message: expect.stringContaining('ECONNREFUSED') },
    })
  })
})
