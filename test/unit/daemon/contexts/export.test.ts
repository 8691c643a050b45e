import { describe, expect, it } from 'vitest'
import { bodyOf } from '../../../../src/core/canonical-json.ts'
import type { Message } from '../../../../src/core/inference.ts'
import { exportContext, exportMarkdown } from '../../../../src/daemon/contexts/export.ts'
import { newId } from '../../../../src/daemon/contexts/ids.ts'
import { readExport } from '../../../../src/daemon/contexts/import.ts'
import { createMemoryJournal } from '../../../../src/daemon/contexts/journal/memory.ts'
import { createContextStore } from '../../../../src/daemon/contexts/store.ts'

const tenant = 'default'
const turnOf = (message: Message) => ({ role: message.role, body: bodyOf(message) })
const say = (text: string) => turnOf({ role: 'user', content: text })
const newStore = () => createContextStore({ journal: createMemoryJournal({ now: Date.now, newId }) })

/** A conversation with what makes exports hard: forks, an edit of the first turn, odd text, an aborted answer. */
const filled = async () => {
  const store = newStore()
  const { context, turns } = await store.create({
    tenant,
    about: { title: 'A talk', tags: ['x'], metadata: { n: 1 }, pinned: true },
    turns: [
      turnOf({ role: 'system', content: 'Be brief.' }),
      say('Odd: \0 \ud800 ``` \u2028'),
      turnOf({
        role: 'assistant',
        content: null,
        reasoning: 'Look it\nup.',
        toolCalls: [{ id: 'c1', name: 'find', argumentsText: '{"q": 1' }],
      }),
      { ...turnOf({ role: 'tool', content: 'done', toolCallId: 'c1' }), pinned: true },
    ],
  })
  const key = { tenant, context }
  await store.append({
    ...key,
    expected: '*',
    turns: [say('go on')],
    opens: { id: 'cut', role: 'assistant', origin: { model: 'm' } },
  })
  await store.append({
    ...key,
    expected: '*',
    closes: 'cut',
    turns: [{ ...turnOf({ role: 'assistant', content: 'Half' }), state: 'aborted' }],
  })
  await store.fork({ ...key, from: { turn: turns[1]?.id ?? '' }, name: 'side' })
  await store.append({ ...key, head: 'side', expected: '*', turns: [say('aside')] })
  await store.edit({ ...key, turn: turns[0]?.id ?? '', turns: [say('other')], name: 'other' })
  await store.append({ ...key, expected: '*', turns: [say('last')] })
  return { store, key }
}

const textOf = async ({ store, key }: Awaited<ReturnType<typeof filled>>) =>
  [...((await exportContext(store.journal, key)) ?? [])].join('')

describe('an export', () => {
  it('is imported with the same turns, hashes and heads', async () => {
    const from = await filled()
    const text = await textOf(from)
    const store = newStore()
    const summary = await store.restore(readExport(text, { tenant: 'second', context: 'copy' }))
    const original = await from.store.summary(from.key)
    expect(summary).toMatchObject({
      tenant: 'second',
      context: 'copy',
      heads: original.heads,
      title: 'A talk',
      tags: ['x'],
      metadata: { n: 1 },
      pinned: true,
      turns: original.turns,
    })
    const copied = (await store.journal.turns({ tenant: 'second', context: 'copy' })) ?? []
    expect(copied).toEqual(await from.store.journal.turns(from.key))
    const again = await textOf({ store, key: { tenant: 'second', context: 'copy' } })
    expect(again.split('\n').slice(1)).toEqual(text.split('\n').slice(1))
  })

  it('of nothing is nothing', async () => {
    expect(await exportContext(newStore().journal, { tenant, context: 'none' })).toBeUndefined()
  })

  it('of a context without turns is imported', async () => {
    const store = newStore()
    const { context } = await store.create({ tenant })
    const text = await textOf({ store, key: { tenant, context } })
    const summary = await store.restore(readExport(text, { tenant, context: 'copy' }))
    expect(summary.heads).toEqual({ main: null })
  })

  it('of many turns is imported', async () => {
    const store = newStore()
    const turns = Array.from({ length: 10_000 }, (_, index) => say(`turn ${index}`))
    const { context } = await store.create({ tenant, turns })
    await store.append({ tenant, context, expected: '*', turns })
    const text = await textOf({ store, key: { tenant, context } })
    expect(await store.restore(readExport(text, { tenant, context: 'copy' }))).toMatchObject({
      turns: 20_000,
    })
  })

  it('as Markdown says who said what', async () => {
    const { store, key } = await filled()
    const text = exportMarkdown(await store.summary(key), 'main', await store.path(key))
    expect(text).toContain('# A talk\n')
    expect(text).toContain('## 1. system\n')
    expect(text).toContain('> Look it\n> up.')
    expect(text).toContain('Calls `find` (c1):\n\n```\n{"q": 1\n```')
    expect(text).toMatch(/## 6\. assistant\n\n<sub>.* · m · aborted<\/sub>\n\nHalf/)
  })
})

describe('an import refuses', () => {
  const cases: readonly [string, (lines: string[]) => string[]][] = [
    ['nothing', () => []],
    ['something else', () => ['{"a":1}']],
    ['no object at all', () => ['null']],
    ['a later version', ([header = '', ...rest]) => [header.replace('"version":1', '"version":2'), ...rest]],
    ['what was cut between lines', (lines) => lines.slice(0, -1)],
    ['what was cut within a line', (lines) => [...lines.slice(0, -1), lines.at(-1)?.slice(0, -9) ?? '']],
    ['a line twice', (lines) => [...lines, lines.at(-1) ?? '']],
    [
      'a turn twice, counted',
      ([header = '', one = '', ...rest]) => [
        header.replace(/"turns":\d+/, `"turns":${rest.length + 2}`),
        one,
        one,
        ...rest,
      ],
    ],
    ['other words', (lines) => lines.map((line) => line.replace('Be brief', 'Be long'))],
    ['another body hash', (lines) => lines.map((line) => line.replace(/"bodyHash":"../, '"bodyHash":"zz'))],
    [
      'another chain hash',
      (lines) => lines.map((line) => line.replace(/"chainHash":"../, '"chainHash":"zz')),
    ],
    ['children before parents', ([header = '', ...rest]) => [header, ...rest.toReversed()]],
    [
      'a circle',
      ([header = '', first = '', ...rest]) => [
        header,
        first.replace('"parent":null', `"parent":${/"id":("[^"]+")/.exec(rest.at(-1) ?? '')?.[1]}`),
        ...rest,
      ],
    ],
    [
      'another role',
      (lines) =>
        lines.map((line) => line.replace('"pinned":false,"role":"system"', '"pinned":false,"role":"user"')),
    ],
    ['a place that is wrong', (lines) => lines.map((line) => line.replace('"seq":3', '"seq":4'))],
    ['a head at nothing', (lines) => lines.map((line) => line.replace(/"side":"[^"]+"/, '"side":"nothing"'))],
    ['odd ids', (lines) => lines.map((line) => line.replaceAll('"cut"', '"c:t"'))],
    ['a title of two lines', (lines) => lines.map((line) => line.replace('A talk', 'A\\ntalk'))],
    ['metadata that is a list', (lines) => lines.map((line) => line.replace('{"n":1}', '[1]'))],
  ]

  it.each(cases)('%s', async (_, change) => {
    const lines = (await textOf(await filled())).trim().split('\n')
    const changed = change(lines).join('\n')
    expect(changed).not.toBe(lines.join('\n'))
    expect(() => readExport(changed, { tenant, context: 'copy' })).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST' }),
    )
  })

  it('to write over a context', async () => {
    const { store, key } = await filled()
    const appends = readExport(await textOf({ store, key }), key)
    await expect(store.restore(appends)).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})
