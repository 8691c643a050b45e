import { describe, expect, it } from 'vitest'
import { bodyOf } from '../../../../../src/core/canonical-json.ts'
import { hitOf, scan, type ScanStep } from '../../../../../src/daemon/contexts/encryption/scan.ts'

const query = { tenant: 'default', text: 'blue whale', limit: 2 }
const turn = (id: string, content: string) => {
  const body = bodyOf({ role: 'user', content })
  return {
    id,
    parent: null,
    seq: 1,
    role: 'user' as const,
    at: 0,
    state: 'complete' as const,
    bodyHash: '',
    chainHash: '',
    bodyBytes: body.length,
    pinned: false,
    body,
  }
}
const stepOf = (texts: readonly string[], next?: number): ScanStep => ({
  seen: texts.length,
  hits: texts.flatMap((text, index) => hitOf(query, 'c', turn(`${text} ${index}`, text)) ?? []),
  ...(next !== undefined && { next }),
})

describe('a search without an index', () => {
  it('finds turns with all words, the best of all steps first', async () => {
    const steps = [
      stepOf(['A whale that is rather blue, among many other words that say nothing', 'whale'], 7),
      stepOf(['Blue whale', 'bluewhale', 'blue'], 3),
      stepOf(['blue whale, blue whale, and krill for it']),
    ]
    const asked: (number | undefined)[] = []
    const hits = await scan(query, async (before) => {
      asked.push(before)
      return steps[asked.length - 1] ?? stepOf([])
    })
    expect(asked).toEqual([undefined, 7, 3])
    expect(hits.map(({ turn: { id } }) => id)).toEqual([
      'blue whale, blue whale, and krill for it 0',
      'Blue whale 0',
    ])
    expect(await scan({ ...query, text: ' ?! ' }, async () => stepOf(['blue whale']))).toEqual([])
  })

  it('is refused where there are too many to read', async () => {
    const endless = scan(query, async (before = 0) => ({ seen: 200, hits: [], next: before + 1 }))
    await expect(endless).rejects.toMatchObject({ code: 'OPERATION_UNSUPPORTED' })
  })
})
