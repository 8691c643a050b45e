import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { selectVersion } from '../../../../src/crawler/snapshots/select.ts'
import { type Draft, openStore } from '../../../../src/crawler/snapshots/store.ts'
import { scratch } from '../../../harness/crawl.ts'

const signal = new AbortController().signal
const draft = (text: string, rest: Partial<Draft> = {}, facts: Partial<Draft['facts']> = {}): Draft => ({
  facts: {
    fingerprint: text,
    form: 1,
    format: 'json',
    openapi: '3.1.0',
    operations: 1,
    source: 'test',
    ...facts,
  },
  raw: Buffer.from(text),
  canonical: `canonical ${text}`,
  ...rest,
})
const commit = (id: string, date: string) => ({ id, date, author: 'a', subject: 's', path: 'p' })

describe('a store', () => {
  it('keeps raw bytes and canonical document of every version', async () => {
    const store = openStore({ path: scratch() })
    const records = store.spec('api')
    await records.add([draft('one'), draft('two')], signal)
    const [first, second] = await records.versions()
    expect((await records.raw(first!)).toString()).toBe('one')
    expect(await records.canonical(second!)).toBe('canonical two')
    expect(await store.names()).toEqual(['api'])
    expect(readFileSync(join(store.path, '.gitattributes'), 'utf8')).toContain('* -text\n')
  })

  it('writes no version that is the same as the one before, but one that comes back', async () => {
    const records = openStore({ path: scratch() }).spec('api')
    const written = await records.add([draft('a'), draft('a'), draft('b'), draft('a')], signal)
    expect(written.map(({ number, fingerprint }) => [number, fingerprint])).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'a'],
    ])
    expect(await records.add([draft('a')], signal)).toEqual([])
  })

  it('sorts a history in by its time, once', async () => {
    const records = openStore({ path: scratch() }).spec('api')
    const history = ['2024-01-01T00:00:00.000Z', '2024-02-01T00:00:00.000Z'].map((time, at) =>
      draft(`old ${at}`, { time }, { commit: commit(`c${at}`, time) }),
    )
    await records.add([draft('now')], signal)
    expect(await records.add(history, signal)).toHaveLength(2)
    expect(await records.add(history, signal)).toHaveLength(0)
    expect((await records.versions()).map(({ number }) => number)).toEqual([2, 3, 1])
    expect(await records.accepted()).toMatchObject({ number: 1 })
  })

  it('knows a version of another canonical form by its bytes', async () => {
    const path = scratch()
    await openStore({ path })
      .spec('api')
      .add([draft('one', {}, { fingerprint: 'as form 1' })], signal)
    const records = openStore({ path, fingerprintOf: () => 'as form 2' }).spec('api')
    const same = draft('one, other bytes', {}, { fingerprint: 'as form 2', form: 2 })
    expect(await records.add([same], signal)).toEqual([])
    expect(await records.add([draft('x', {}, { fingerprint: 'another', form: 2 })], signal)).toHaveLength(1)
  })

  it('survives a line that a crash cut off', async () => {
    const { path, spec } = openStore({ path: scratch() })
    await spec('api').add([draft('one')], signal)
    appendFileSync(join(path, 'api', 'versions.jsonl'), '{"number":2,"ti')
    expect(await spec('api').versions()).toHaveLength(1)
    await spec('api').add([draft('two')], signal)
    expect((await spec('api').versions()).map(({ number }) => number)).toEqual([1, 2])
  })

  it('says when it is damaged', async () => {
    const { path, spec } = openStore({ path: scratch() })
    const [version] = await spec('api').add([draft('one')], signal)
    const [raw] = readdirSync(join(path, 'api', 'raw'))
    writeFileSync(join(path, 'api', 'raw', raw!), 'other')
    await expect(spec('api').raw(version!)).rejects.toMatchObject({ code: 'SPEC_INVALID' })
    writeFileSync(join(path, 'api', 'versions.jsonl'), '<<<<<<< HEAD\n')
    await expect(spec('api').versions()).rejects.toMatchObject({ code: 'SPEC_INVALID' })
  })

  it.each(['..', '../x', '.git', 'a/b'])('has no spec called %s', (name) => {
    expect(() => openStore({ path: scratch() }).spec(name)).toThrow(
      expect.objectContaining({ code: 'USAGE' }),
    )
  })

  it('is shared by processes that write at the same time', async () => {
    const path = scratch()
    const writer = fileURLToPath(new URL('store-writer.ts', import.meta.url))
    const counts = await Promise.all(
      ['a', 'b', 'c'].map(async (who) => {
        const { stdout } = await execa(process.execPath, [writer, path, who, '20'])
        return Number(stdout)
      }),
    )
    const versions = await openStore({ path }).spec('api').versions()
    expect(versions.map(({ number }) => number).toSorted((x, y) => x - y)).toEqual(
      Array.from({ length: versions.length }, (_, index) => index + 1),
    )
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(versions.length)
    expect(versions.length).toBe(60)
    expect(await openStore({ path }).spec('api').acceptances()).toHaveLength(1)
  })
})

describe('a version', () => {
  it('is chosen by what it is called', async () => {
    const store = openStore({ path: scratch() })
    const date = '2024-01-01T00:00:00.000Z'
    const written = await store
      .spec('api')
      .add(
        [
          draft('one', {}, { apiVersion: '1.0' }),
          draft('two', {}, { apiVersion: '2.0', commit: commit('abcdef0123456789', date) }),
          draft('three', {}, { apiVersion: '2.0' }),
        ],
        signal,
      )
    await store.spec('api').accept(written[1]!, 'because', signal)
    const chosen = async (text: string) => (await selectVersion(store, text)).version.number
    expect(await chosen('api')).toBe(3)
    expect(await chosen('api@newest')).toBe(3)
    expect(await chosen('api@previous')).toBe(2)
    expect(await chosen('api@first')).toBe(1)
    expect(await chosen('api@accepted')).toBe(2)
    expect(await chosen('api@1')).toBe(1)
    expect(await chosen('api@2.0')).toBe(3)
    expect(await chosen('api@abcdef0')).toBe(2)
    expect(await chosen(`api@${written[0]!.sha256.slice(0, 8)}`)).toBe(1)
    await expect(chosen('api@9')).rejects.toMatchObject({ code: 'SPEC_NOT_FOUND' })
    await expect(chosen('apo@1')).rejects.toMatchObject({
      code: 'SPEC_NOT_FOUND',
      details: { suggestions: expect.arrayContaining(['Did you mean api?']) },
    })
  })
})
