import { expect, it } from 'vitest'
import type { Binding, Scenario, Step } from '../../../src/fuzz/call.ts'
import { fewerSteps } from '../../../src/fuzz/shrink-steps.ts'

const step = (name: string, from?: number, target?: string): Step => {
  const binding: Binding = {
    into: { in: 'path', name: 'id', pointer: '' },
    from: { step: from ?? 0, in: 'answer', pointer: '/id' },
  }
  return {
    call: {
      operation: name,
      path: {},
      query: {},
      header: {},
      cookie: {},
      identity: 'first',
      ...(target !== undefined && { target }),
    },
    intent: { phase: 'stateful', expect: 'valid', what: name },
    bindings: from === undefined ? [] : [binding],
    role: name,
  }
}
const told = ({ steps }: Scenario): string =>
  steps
    .map(
      ({ role, bindings, call }) =>
        role + bindings.map(({ from }) => from.step).join('') + (call.target ?? ''),
    )
    .join(' ')

it('leaves out each step that nothing refers to, and renumbers what the others refer to', () => {
  const steps = [step('a'), step('b'), step('c', 1), step('d', undefined, 'location:1'), step('e')]
  expect([...fewerSteps({ kind: 'x', steps }, 3)].map(told)).toEqual([
    'a b c1 dlocation:1',
    'a b c1 dlocation:1',
    'a b dlocation:1 e',
    'b c0 dlocation:0 e',
  ])
})
