import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCalls } from './calls.ts'
import { type Fault, faultsOf } from './faults.ts'
import { keepDaemons } from './keeper.ts'
import { type Ledger, openLedger } from './ledger.ts'
import { createNumbers, type Numbers } from './numbers.ts'
import { compare, readByApi, type Views } from './read-back.ts'
import { startSystem, type System, type SystemOptions } from './system.ts'
import { startWriters } from './writers.ts'

export interface StormOptions extends SystemOptions {
  readonly faults: number
  readonly seed: number
  /** Only faults of these kinds. */
  readonly kinds?: RegExp
  readonly tell?: (line: string) => void
}

/** Of one kind of fault. */
export interface Tally {
  readonly kind: string
  readonly injected: number
  /** From each of them to the next fault. */
  readonly acknowledged: number
  /** Tries of clients that got no answer, or 503. */
  readonly failed: number
  /** What was acknowledged or seen then, and is not so. */
  readonly wrong: number
}

export interface StormResult {
  readonly faults: number
  readonly acknowledged: number
  readonly operations: number
  readonly tallies: readonly Tally[]
  readonly wrong: readonly string[]
}

/** Contexts are changed after so many faults, so that no path becomes long. */
const faultsPerRound = 12
/** So many acknowledgements come before the next fault, at most. */
const acknowledgementsMax = 25
/** A system that has recovered acknowledges something within this time. */
const recoverMaxMs = 45_000

/** Clients write through two daemons while one thing after the other goes wrong; then everything is read back. */
export const runStorm = async (options: StormOptions): Promise<StormResult> => {
  const { folder, faults, seed, store, kinds = /./, tell = () => undefined } = options
  const numbers = createNumbers(seed)
  await using stack = new AsyncDisposableStack()
  const ledger = stack.adopt(await openLedger(join(folder, 'acknowledged')), (each) => each.close())
  const system = stack.adopt(await startSystem(options), (each) => each.close())
  const windows: Window[] = []
  const begin = (kind: string): void => {
    ledger.faulted()
    windows.push({ kind, ...ledger.counts() })
  }
  const died = (point: string): void => begin(`daemon: died ${point}`)
  const keeper = stack.adopt(
    await keepDaemons(store, system.daemons, { ledger, numbers: createNumbers(seed + 1), died }),
    (each) => each.stop(),
  )
  const writers = stack.adopt(await startWriters(system, ledger, createNumbers(seed + 2)), (each) =>
    each.stop(),
  )
  const plan = planOf(
    faultsOf(system).filter(({ kind }) => kinds.test(kind)),
    numbers,
  )
  // What is made only once is on the disk in wrong builds too: a database without tables would prove nothing.
  let goesOn = await hasProgress(ledger, firstAcknowledgements)
  await system.postgres?.query('CHECKPOINT')
  goesOn &&= await hasProgress(ledger, firstAcknowledgements)
  let nextRound = faultsPerRound
  while (goesOn && ledger.counts().faults < faults) {
    const fault = plan()
    begin(fault.kind)
    await fault.inject({ system, keeper, numbers })
    goesOn = await hasProgress(ledger, 1 + numbers.below(acknowledgementsMax))
    if (!goesOn) ledger.wrong(`it did not recover from: ${fault.kind}`)
    if (goesOn && ledger.counts().faults >= nextRound) {
      nextRound += faultsPerRound
      await writers.nextRound()
    }
    const { acknowledged, faults: count } = ledger.counts()
    tell(
      `${count} of ${faults}: ${fault.kind}; ${acknowledged} acknowledged, ${ledger.wrongs().length} wrong`,
    )
  }
  if (windows.length === 0) ledger.wrong('nothing was acknowledged from the start')
  await writers.stop()
  const ended: Window = { kind: '', ...ledger.counts() }
  for (const daemon of system.daemons) await keeper.ready(daemon)
  const parts = { system, ledger, calls: createCalls(ledger, numbers), rounds: writers.rounds() }
  if (goesOn && store.includes('spool')) await drained(system, ledger)
  // Daemons that do not answer would be waited for, for each context anew.
  const views: Views = goesOn ? await readByApi(parts) : new Map()
  await keeper.stop()
  // The files of those that have some are free then.
  for (const daemon of system.daemons) await daemon.kill()
  const wrong = [...ledger.wrongs(), ...(await compare(parts, views))]
  const { acknowledged, faults: count } = ledger.counts()
  return {
    faults: count,
    acknowledged,
    operations: [...ledger.operations().values()].reduce((sum, { length }) => sum + length, 0),
    tallies: tally([...windows, ended], wrong),
    wrong: wrong.map(({ line, fault }) =>
      fault < 1 ? line : `${line} (during ${windows[fault - 1]?.kind})`,
    ),
  }
}

/** So many come before the first fault, twice. */
const firstAcknowledgements = 5

/** A storm ends when so much is wrong. */
const wrongsMax = 200

interface Window {
  readonly kind: string
  readonly acknowledged: number
  readonly failed: number
}

/** All kinds in some order, then all again in another. */
const planOf = (kinds: readonly Fault[], numbers: Numbers): (() => Fault) => {
  let left: Fault[] = []
  return () => {
    if (left.length === 0)
      left = [
        ...numbers.shuffled(kinds.flatMap((fault) => Array.from({ length: fault.weight ?? 1 }, () => fault))),
      ]
    const next = left.pop()
    if (!next) throw new Error('There are no faults.')
    return next
  }
}

/** Resolves when so many more are acknowledged; false where they are not in time. */
const hasProgress = async (ledger: Ledger, more: number): Promise<boolean> => {
  const until = ledger.counts().acknowledged + more
  const startedMs = performance.now()
  while (ledger.counts().acknowledged < until) {
    const isHopeless = ledger.wrongs().length > wrongsMax
    if (isHopeless || performance.now() - startedMs > recoverMaxMs) return false
    await sleep(5)
  }
  return true
}

/** Until nothing waits for PostgreSQL any more. */
const drained = async ({ daemons }: System, ledger: Ledger): Promise<void> => {
  const startedMs = performance.now()
  while (performance.now() - startedMs < recoverMaxMs) {
    const texts = await Promise.all(
      daemons.map(async ({ url }) => {
        const answer = await fetch(`${url}/metrics`).catch(() => undefined)
        return answer?.text() ?? ''
      }),
    )
    if (texts.every((text) => /^mcpd_context_spool_appends(\{[^}]*\})? 0$/m.test(text))) return
    await sleep(100)
  }
  ledger.wrong('something in a spool was never carried over')
}

const tally = (
  windows: readonly Window[],
  wrong: readonly { readonly fault: number }[],
): readonly Tally[] => {
  const tallies = new Map<string, Tally>()
  for (const [index, { kind, ...from }] of windows.slice(0, -1).entries()) {
    const to = windows[index + 1] ?? from
    const before = tallies.get(kind)
    tallies.set(kind, {
      kind,
      injected: (before?.injected ?? 0) + 1,
      acknowledged: (before?.acknowledged ?? 0) + to.acknowledged - from.acknowledged,
      failed: (before?.failed ?? 0) + to.failed - from.failed,
      wrong: (before?.wrong ?? 0) + wrong.filter(({ fault }) => fault === index + 1).length,
    })
  }
  return [...tallies.values()].toSorted((a, b) => a.kind.localeCompare(b.kind))
}
