import { describe, expect, it } from 'vitest'
import { compare } from '../../src/crawler/diff/compare/compare.ts'
import type { Fact } from '../../src/crawler/diff/fact.ts'
import type { JsonObject } from '../../src/openapi/json.ts'
import { loadDocument } from '../../src/openapi/load.ts'
import { openSpec, type Spec } from '../../src/openapi/spec.ts'
import { type CorpusFile, corpus, corpusFiles } from '../harness/corpus.ts'
import { inlined, renamed, reordered, split } from '../harness/rewrite-spec.ts'

const files = corpusFiles(corpus('specs'))

const open = ({ name, raw }: CorpusFile): Spec => openSpec(loadDocument(raw, name))
const write = (document: JsonObject, name: string): Spec =>
  openSpec(loadDocument(Buffer.from(JSON.stringify({ ...document, openapi: '3.1.1' })), name))

const shown = (facts: readonly Fact[]) =>
  facts.map(({ kind, effect, subject, base, revision, before, after }) =>
    JSON.stringify({ kind, effect, subject, base, revision, before, after }),
  )

describe.skipIf(files.length === 0)('published documents (corpus/specs)', () => {
  it.each(files)('$name: is what it is, however it is written', (file) => {
    const spec = open(file)
    // What canonical 3.1 says is what the document says.
    const canonical = write(spec.document, 'canonical')
    expect(shown(compare(spec, canonical)), 'conversion').toEqual([])
    expect(shown(compare(spec, { ...open(file), sha256: 'other' })), 'itself').toEqual([])
    for (const [how, rewrite] of Object.entries({ renamed, inlined, reordered, split }))
      expect(shown(compare(spec, write(rewrite(spec.document), how))), how).toEqual([])
  })

  it('give mirrored facts when they are swapped', () => {
    const opposite: Readonly<Record<string, string>> = { narrowed: 'widened', widened: 'narrowed' }
    const steps = files.slice(1).flatMap((file, at) => {
      const previous = files[at]
      return previous && sameSource(previous.name, file.name) ? [[previous, file] as const] : []
    })
    expect(steps.length).toBeGreaterThan(20)
    for (const [older, newer] of steps) {
      const [base, revision] = [open(older), open(newer)]
      const there = compare(base, revision).map(
        ({ effect, base: at, revision: to }) => `${at} ${to} ${effect}`,
      )
      const back = compare(revision, base).map(
        ({ effect, base: at, revision: to }) => `${to} ${at} ${opposite[effect] ?? effect}`,
      )
      expect(back.toSorted(), `${older.name} → ${newer.name}`).toEqual(there.toSorted())
    }
  })
})

const sameSource = (left: string, right: string): boolean =>
  left.replace(/\d{4}-\d{2}-\d{2}.*/, '') === right.replace(/\d{4}-\d{2}-\d{2}.*/, '')
