import { expect, it } from 'vitest'
import { bodyOf } from '../../../../src/core/canonical-json.ts'
import type { Append } from '../../../../src/core/context.ts'
import type { Journal } from '../../../../src/core/journal.ts'
import { newId } from '../../../../src/daemon/contexts/ids.ts'
import { createMemoryJournal } from '../../../../src/daemon/contexts/journal/memory.ts'
import { migrateContexts } from '../../../../src/daemon/contexts/migrate.ts'

const tenant = 'default'
const say = (text: string) => ({ role: 'user' as const, body: bodyOf({ role: 'user', content: text }) })
const append = (journal: Journal, context: string, text: string, more: Partial<Append> = {}) =>
  journal.append({ tenant, context, head: 'main', expected: '*', turns: [say(text)], ...more })
const journal = () => createMemoryJournal({ now: Date.now, newId })
const migrate = (source: Journal, target: Journal) =>
  migrateContexts(source, target, tenant, new AbortController().signal)

const twoContexts = async (): Promise<Journal> => {
  const source = journal()
  await append(source, 'one', 'Hello', { expected: null, about: { title: 'One', tags: ['a'] } })
  await append(source, 'one', 'Else', { head: 'fork', expected: null, base: null })
  await append(source, 'two', '\0\ud800', { expected: null })
  return source
}

it('copies every head and turn with its hashes, and again nothing', async () => {
  const [source, target] = [await twoContexts(), journal()]
  expect(await migrate(source, target)).toMatchObject({ copied: 2, same: 0 })
  for (const context of ['one', 'two']) {
    const key = { tenant, context }
    expect(await target.turns(key)).toEqual(await source.turns(key))
    const { heads, title, tags } = (await source.summary(key)) ?? {}
    expect(await target.summary(key)).toMatchObject({ heads, ...(title !== undefined && { title, tags }) })
  }
  expect(await migrate(source, target)).toMatchObject({ copied: 0, renewed: 0, same: 2 })
})

it('brings what was said since the last time', async () => {
  const [source, target] = [await twoContexts(), journal()]
  await migrate(source, target)
  await append(source, 'two', 'more')
  expect(await migrate(source, target)).toMatchObject({ copied: 0, renewed: 1, same: 1 })
  expect(await target.turns({ tenant, context: 'two' })).toHaveLength(2)
})

it('leaves alone what went on in the other store, and what is being written', async () => {
  const [source, target] = [await twoContexts(), journal()]
  await migrate(source, target)
  await append(target, 'two', 'there')
  await source.append({
    tenant,
    context: 'one',
    head: 'main',
    expected: '*',
    turns: [],
    opens: { id: 'answer', role: 'assistant' },
  })
  expect(await migrate(source, target)).toEqual({
    copied: 0,
    renewed: 0,
    same: 0,
    busy: ['one'],
    differing: ['two'],
  })
  expect(await target.turns({ tenant, context: 'two' })).toHaveLength(2)
})

it('does not take a copy for one that is not', async () => {
  const [source, target] = [await twoContexts(), journal()]
  const lossy: Journal = {
    ...target,
    turns: async (key) => (await target.turns(key))?.slice(0, -1),
  }
  await expect(migrate(source, lossy)).rejects.toMatchObject({ code: 'CONTEXT_DAMAGED' })
})
