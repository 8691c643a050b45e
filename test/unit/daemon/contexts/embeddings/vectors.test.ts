import { describe, expect, it } from 'vitest'
import { createLruStore } from '../../../../../src/daemon/contexts/cache/lru-store.ts'
import { strictKeyv } from '../../../../../src/daemon/contexts/cache/strict-keyv.ts'
import { isEnglish } from '../../../../../src/daemon/contexts/embeddings/english.ts'
import { createOfflineEmbedder } from '../../../../../src/daemon/contexts/embeddings/offline.ts'
import {
  createVectors,
  type Embedder,
  type VectorsOptions,
} from '../../../../../src/daemon/contexts/embeddings/vectors.ts'
import { pathOf } from '../a-path.ts'

const signal = AbortSignal.timeout(60_000)

const embedderOf = (embed: Embedder['embed'], name = 'e'): Embedder => ({
  name,
  embed,
  close: async () => undefined,
})

/** A vector that says how long the text is. */
const byLength =
  (asked: string[] = []): Embedder['embed'] =>
  async (texts) => {
    asked.push(...texts)
    return texts.map((text) => [text.length, 0, 3])
  }

const make = (embed: Embedder['embed'], over: Partial<VectorsOptions> = {}) =>
  createVectors({ embedder: embedderOf(embed), waitMs: 60_000, ...over })

const path = pathOf('s:be kind', 'u:four', 'a:', 'u:more words')

describe('vectors of a path', () => {
  it('have length one, and there is none of nothing', async () => {
    const found = await make(byLength()).of(path, signal)
    if (!('vectorsOf' in found)) throw new Error(found.warning)
    expect(found.vectorsOf(path[1]!)).toEqual([Float32Array.of(0.8, 0, 0.6)])
    expect(found.vectorsOf(path[2]!)).toEqual([])
  })

  it('are made once for each text, also by the next process', async () => {
    const asked: string[] = []
    const cache = strictKeyv({ namespace: 'vectors', open: () => createLruStore() })
    const vectors = make(byLength(asked), { cache })
    const first = await vectors.of(path, signal)
    await vectors.of(pathOf(...path.map(({ message }) => message), 'a:new'), signal)
    expect(asked.sort()).toEqual(['four', 'more words', 'new'])
    const again = await make(byLength(asked), { cache }).of(path, signal)
    expect(asked).toHaveLength(3)
    if (!('vectorsOf' in first) || !('vectorsOf' in again)) throw new Error('no vectors')
    expect(again.vectorsOf(path[1]!)).toEqual(first.vectorsOf(path[1]!))
    await createVectors({ embedder: embedderOf(byLength(asked), 'other'), cache }).of(path, signal)
    expect(asked).toHaveLength(5)
  })

  it('are not there, with the reason, where the model fails; it is left alone for a while', async () => {
    let nowMs = 0
    let calls = 0
    const embed = async () => {
      calls += 1
      throw new Error('broken')
    }
    const vectors = make(embed, { restMs: 1000, now: () => nowMs })
    const found = await vectors.of(path, signal)
    expect(found).toMatchObject({ warning: expect.stringMatching(/by words, not by meaning/) })
    await vectors.of(path, signal)
    expect(calls).toBe(1)
    nowMs = 2000
    await vectors.of(path, signal)
    expect(calls).toBe(2)
  })

  it('are made on after nobody waits for them any longer', async () => {
    const gate = Promise.withResolvers<void>()
    const vectors = make(
      async (texts) => {
        await gate.promise
        return texts.map(() => [1])
      },
      { waitMs: 1 },
    )
    expect(await vectors.of(path, signal)).toMatchObject({
      warning: expect.stringContaining('still being made'),
    })
    gate.resolve()
    await expect.poll(async () => 'vectorsOf' in (await vectors.of(path, signal))).toBe(true)
  })

  it.each<[string, Embedder['embed']]>([
    ['too few', async () => [[1]]],
    ['without a direction', async (texts) => texts.map(() => [0, 0])],
    ['that are no numbers', async (texts) => texts.map(() => [Number.NaN])],
  ])('are not used when they are %s', async (_, embed) => {
    const found = await make(embed).of(path, signal)
    expect('warning' in found || found.vectorsOf(path[1]!).length === 0).toBe(true)
  })

  it('are waited for only as long as somebody wants them', async () => {
    const stop = new AbortController()
    const waiting = make(() => new Promise(() => undefined)).of(path, stop.signal)
    stop.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
  })

  it('stop being made when the daemon stops', async () => {
    const vectors = make(
      (_, signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    )
    const waiting = vectors.of(path, signal)
    await vectors.close()
    expect(await waiting).toHaveProperty('warning')
  })
})

describe('offline embeddings', () => {
  it('say what to install where the packages are not', async () => {
    const embedder = createOfflineEmbedder()
    const embedding = embedder.embed(['Where is it?'], signal)
    // Where they are installed they answer instead.
    await embedding.then(
      ([vector]) => expect(vector).toHaveLength(512),
      (error: unknown) =>
        expect(error).toMatchObject({
          code: 'RUNTIME_MISSING',
          details: { suggestions: [expect.stringContaining('npm install'), expect.any(String)] },
        }),
    )
    await embedder.close()
  })

  it('know no vector of another language', async () => {
    const embedder = createOfflineEmbedder()
    expect(await embedder.embed(['Wo wohnt meine Schwester?', '今天', ''], signal)).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    await embedder.close()
  })

  it.each([
    ['Where does my sister live?', true],
    ['deadline X-12', true],
    ['Der Hund ist in der Küche und er will raus, was so nicht geht', false],
    ['Où habite ma soeur ?', false],
    ['123', false],
  ])('take %j for English: %s', (text, is) => {
    expect(isEnglish(text)).toBe(is)
  })
})
