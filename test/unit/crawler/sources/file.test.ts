import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { expandGlob } from '../../../../src/crawler/sources/file.ts'
import { crawling, documentOf, scratch } from '../../../harness/crawl.ts'

describe('a file', () => {
  it('is stored, and stored again when it changes', async () => {
    const path = join(scratch(), 'api.yaml')
    const { crawl } = crawling()
    writeFileSync(path, 'openapi: 3.1.0\ninfo: {title: t, version: "1"}\npaths: {/a: {get: {}}}\n')
    expect(await crawl({ kind: 'file', path })).toMatchObject({
      outcome: 'first',
      version: { format: 'yaml' },
    })
    expect(await crawl({ kind: 'file', path })).toMatchObject({ outcome: 'unchanged' })
    writeFileSync(path, JSON.stringify(documentOf(['GET /a', 'GET /b'])))
    expect(await crawl({ kind: 'file', path })).toMatchObject({
      outcome: 'changed',
      version: { format: 'json' },
    })
  })

  it('may not be missing, a folder, a device or too large', async () => {
    const folder = scratch()
    const { crawl } = crawling()
    writeFileSync(join(folder, 'large'), 'x'.repeat(2000))
    for (const path of [join(folder, 'missing'), folder, '/dev/zero', join(folder, 'large')])
      expect(await crawl({ kind: 'file', path }, { sizeMaxBytes: 1000 })).toMatchObject({
        outcome: 'failed',
        problem: { code: 'SOURCE_FAILED' },
      })
  })

  it('is found by a pattern', async () => {
    const folder = scratch()
    for (const path of ['a.json', 'b/c.json', 'b/d.txt', 'node_modules/e.json']) {
      mkdirSync(join(folder, path, '..'), { recursive: true })
      writeFileSync(join(folder, path), '{}')
    }
    expect(await expandGlob('**/*.json', folder)).toEqual(['a.json', join('b', 'c.json')])
    await expect(expandGlob('*.yaml', folder)).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
  })
})
