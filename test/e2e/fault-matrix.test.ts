import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AdapterName, adapters, faultNames, type Field, modes, startField } from './fault-cells.ts'

/** Every cell of docs/faults.md, which says what is expected. */

const page = readFileSync(new URL('../../docs/faults.md', import.meta.url), 'utf8')

/** The rows of an adapter's table: fault → expected outcomes in the order of `modes`. */
const rowsOf = (adapter: AdapterName): ReadonlyMap<string, readonly string[]> => {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${adapter}\n`)) ?? ''
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  return new Map(rows.slice(2).map(([fault = '', ...cells]) => [fault, cells]))
}

const cells = adapters.flatMap((adapter) =>
  faultNames.flatMap((fault) => modes.map((mode) => ({ adapter, fault, mode }))),
)
const nameOf = ({ adapter, fault, mode }: (typeof cells)[number]): string => `${adapter}, ${fault}, ${mode}`

/** Cells at a time: most of them only wait. */
const workers = 16
const outcomes = new Map<string, string>()

let field: Field
beforeAll(async () => {
  field = await startField()
  const work = async (waiting: Iterable<(typeof cells)[number]>): Promise<void> => {
    for (const cell of waiting)
      outcomes.set(
        nameOf(cell),
        await field
          .outcome(cell.adapter, cell.fault, cell.mode)
          .catch((error: Error) => `threw ${error.message}`),
      )
  }
  // What keeps the processor busy goes first and alone, for the others are held to a clock.
  const { heavy = [], light = [] } = Object.groupBy(cells, ({ fault }) =>
    fault === 'huge body' ? 'heavy' : 'light',
  )
  await work(heavy)
  const waiting = light.values()
  await Promise.all(Array.from({ length: workers }, () => work(waiting)))
}, 110_000)
afterAll(() => field.close())

describe('docs/faults.md', () => {
  it.each(adapters)('has every fault of %s', (adapter) => {
    expect([...rowsOf(adapter).keys()].toSorted()).toEqual(faultNames.toSorted())
  })
})

describe.each(adapters)('%s', (adapter) => {
  it.each(cells.filter((cell) => cell.adapter === adapter))('$fault, $mode', ({ fault, mode }) => {
    expect(outcomes.get(nameOf({ adapter, fault, mode }))).toBe(
      rowsOf(adapter).get(fault)?.[modes.indexOf(mode)],
    )
  })
})

describe('afterwards', () => {
  it('no backend works on anything, and nothing is held', async () => {
    await expect.poll(() => field.openRequests()).toBe(0)
    await expect.poll(() => field.held()).toBe(0)
  })

  it.each(
    adapters.flatMap((adapter) =>
      ['slow-headers', 'stall-before-first', 'stall'].flatMap((play) =>
        modes.map((mode) => ({ adapter, play, mode })),
      ),
    ),
  )('a client that goes away frees its backend: $adapter, $play, $mode', async ({ adapter, play, mode }) => {
    await field.cancelled(adapter, play, mode)
    await expect.poll(() => field.held(), { interval: 5 }).toBe(0)
  })
})
