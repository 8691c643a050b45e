import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { diffInputs } from '../../../../src/cli/specs/diff-inputs.ts'
import { storeAt } from '../../../../src/cli/specs/spec-place.ts'
import { crawling, documentOf, scratch } from '../../../harness/crawl.ts'
import { serve } from '../../../harness/http-server.ts'

const signal = new AbortController().signal
const text = (name: string) => JSON.stringify(documentOf([`GET /${name}`]))

/** A store with a spec `api` of so many versions, in a folder with `base.json`. */
const place = async (versions: number) => {
  const cwd = scratch()
  const { store, crawl } = crawling()
  for (let at = 1; at <= versions; at += 1) {
    writeFileSync(join(cwd, 'api.json'), text(`v${at}`))
    await crawl({ kind: 'file', path: join(cwd, 'api.json') })
  }
  writeFileSync(join(cwd, 'base.json'), text('base'))
  const input = Readable.from([Buffer.from(text('input'))])
  const inputs = (...words: string[]) =>
    diffInputs(words, { store: storeAt(store.path), cwd, cacheDir: join(cwd, 'cache'), input, signal })
  return { cwd, store, inputs }
}

const said = ({ raw }: { readonly raw: Uint8Array }) =>
  Object.keys((JSON.parse(Buffer.from(raw).toString()) as { paths: object }).paths)

describe('what is compared', () => {
  it('without words is what is accepted with what is newest', async () => {
    const { inputs, store } = await place(3)
    expect(await inputs()).toMatchObject({
      firsts: [],
      pairs: [{ spec: 'api', base: { label: 'api@1' }, revision: { label: 'api@3' } }],
    })
    const versions = await store.spec('api').versions()
    await store.spec('api').accept(versions[1]!, 'x', signal)
    const { pairs } = await inputs('api')
    expect(pairs).toMatchObject([{ base: { label: 'api@2' }, revision: { label: 'api@3' } }])
    expect(said(pairs[0]!.base)).toEqual(['/v2'])
  })

  it('was seen once and so is compared with nothing', async () => {
    const { inputs } = await place(1)
    expect(await inputs()).toMatchObject({ pairs: [], firsts: [{ spec: 'api', version: { number: 1 } }] })
    expect(await inputs('api')).toMatchObject({ pairs: [] })
  })

  it('may be files, versions, standard input and addresses', async () => {
    const { inputs } = await place(2)
    const { url } = await serve((_, response) => void response.end(text('url')))
    const pair = async (...words: string[]) => {
      const [first] = (await inputs(...words)).pairs
      return [said(first!.base), said(first!.revision)]
    }
    expect(await pair('base.json', 'api@2')).toEqual([['/base'], ['/v2']])
    expect(await pair('api@1', '-')).toEqual([['/v1'], ['/input']])
    expect(await pair(`${url}/x.json`, 'base.json')).toEqual([['/url'], ['/base']])
  })

  it('may be a revision of git', async () => {
    const { cwd, inputs } = await place(1)
    const git = (...words: string[]) =>
      execa('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...words], { cwd })
    await git('init', '-q')
    await git('add', 'base.json')
    await git('commit', '-q', '-m', 'base')
    writeFileSync(join(cwd, 'base.json'), text('changed'))
    const [pair] = (await inputs('HEAD:base.json', 'base.json')).pairs
    expect([said(pair!.base), said(pair!.revision)]).toEqual([['/base'], ['/changed']])
  })

  it.each([
    [['a', 'b', 'c'], 'USAGE'],
    [['-', '-'], 'USAGE'],
    [['nothing.json', 'base.json'], 'USAGE'],
    [['apo@1', 'base.json'], 'SPEC_NOT_FOUND'],
    [['api@9', 'base.json'], 'SPEC_NOT_FOUND'],
    [['nobody'], 'SPEC_NOT_FOUND'],
  ])('must be there: %j', async (words, code) => {
    const { inputs } = await place(1)
    await expect(inputs(...words)).rejects.toMatchObject({ code })
  })
})
