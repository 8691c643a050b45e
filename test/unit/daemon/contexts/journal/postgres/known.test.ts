import { expect, it } from 'vitest'
import { bodyOf } from '../../../../../../src/core/canonical-json.ts'
import type { Append } from '../../../../../../src/core/context.ts'
import { planAppend, type WritePlan } from '../../../../../../src/daemon/contexts/journal/plan.ts'
import { createRecollection } from '../../../../../../src/daemon/contexts/journal/postgres/known.ts'

const to = (head: string): Append => ({
  tenant: 'default',
  context: 'talk',
  head,
  expected: null,
  turns: [{ role: 'user', body: bodyOf({ role: 'user', content: head }) }],
})
const plan = (request: Append): WritePlan => {
  const planned = planAppend(
    request,
    { exists: true, head: undefined, turn: () => undefined },
    { now: 0, newId: () => `turn-of-${request.head}` },
  )
  if (planned.outcome === 'conflict') throw new Error('There is nothing that it could contradict.')
  return planned
}
const at = (rev: number) => ({ k: 1, rev, updated_at: 0 })

it('remembers several heads of a context that only this daemon writes to', () => {
  const recollection = createRecollection()
  recollection.learn(to('main'), new Map(), plan(to('main')), at(4))
  recollection.learn(to('other'), new Map(turnsOf('main')), plan(to('other')), at(5))
  expect(recollection.recall(to('main'))).toMatchObject({ head: 'turn-of-main', rev: 5 })
})

it('forgets where the others are when another daemon has written in between', () => {
  const recollection = createRecollection()
  recollection.learn(to('main'), new Map(), plan(to('main')), at(4))
  recollection.learn(to('other'), new Map(turnsOf('main')), plan(to('other')), at(6))
  expect(recollection.recall(to('main'))).toBeUndefined()
  expect(recollection.recall(to('other'))).toMatchObject({ head: 'turn-of-other', rev: 6 })
})

const turnsOf = (head: string) => {
  const [turn] = plan(to(head)).turns
  if (!turn) throw new Error('It has one.')
  const { body: _, ...rest } = turn
  return [[turn.id, rest] as const]
}
