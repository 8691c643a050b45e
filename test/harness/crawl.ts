import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { specDefaults, type SpecOrigin, type SpecSource } from '../../src/core/spec-config.ts'
import { crawlSpec } from '../../src/crawler/crawl.ts'
import type { CrawlOptions, CrawlOutcome } from '../../src/crawler/outcome.ts'
import { openStore, type SpecStore } from '../../src/crawler/snapshots/store.ts'
import { createHostLimit } from '../../src/crawler/sources/host-limit.ts'
import { openSource, type SourcePlace } from '../../src/crawler/sources/open.ts'

/** A folder of the running test. */
export const scratch = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'mcpd-crawl-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** An OpenAPI document with these operations, such as `GET /x`. */
export const documentOf = (operations: readonly string[], rest: object = {}): object => {
  const paths: Record<string, Record<string, object>> = {}
  for (const operation of operations) {
    const [method = '', path = ''] = operation.split(' ')
    paths[path] = { ...paths[path], [method.toLowerCase()]: { responses: { 200: { description: 'ok' } } } }
  }
  return { openapi: '3.1.0', info: { title: 'test', version: '1' }, paths, ...rest }
}

export const operationsNamed = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `GET /p${index}`)

export interface Crawling {
  readonly store: SpecStore
  readonly crawl: (
    origin: SpecOrigin,
    rest?: Partial<SpecSource & CrawlOptions & SourcePlace>,
  ) => Promise<CrawlOutcome>
}

/** A store of the running test, and a way to look at one source called `api`. */
export const crawling = (): Crawling => {
  const store = openStore({ path: scratch() })
  const place = { limit: createHostLimit(2), cacheDir: join(store.path, '.git-cache'), backends: [] }
  return {
    store,
    crawl: (origin, rest = {}) => {
      const spec: SpecSource = { ...specDefaults, timeoutMs: 20_000, ...rest, name: 'api', origin }
      const task = {
        name: 'api',
        open: () => openSource(spec, { ...place, retry: { wait: () => Promise.resolve() }, ...rest }),
        sizeMaxBytes: spec.sizeMaxBytes,
      }
      return crawlSpec(task, { store, signal: new AbortController().signal, ...rest })
    },
  }
}
