import type { Control } from './controls.ts'
import type { StormResult } from './storm.ts'
import type { Store } from './system.ts'

export interface Circumstances {
  readonly date: string
  readonly command: string
  readonly machine: string
  /** Of Node and the servers. */
  readonly versions: string
  readonly commit: string
  readonly load: number
}

export interface StoreResult extends StormResult {
  readonly store: Store
  readonly seconds: number
}

export interface ControlResult extends Control {
  readonly found: readonly string[]
}

export interface Result extends Circumstances {
  readonly stores: readonly StoreResult[]
  readonly controls: readonly ControlResult[]
}

const count = (value: number): string => value.toLocaleString('en')

export const render = (result: Result): string =>
  [
    '# Faults',
    '',
    `${result.date} UTC, commit ${result.commit}, ${result.versions}, ${result.machine}, load average ${result.load.toFixed(1)} at the start. Run by \`${result.command}\`.`,
    '',
    'Eighteen clients write, answer, fork and read through two daemons, each in a process of its own and behind a wire of its own, while one thing after the other goes wrong. What they are told is kept goes into a file that is synced outside of the system. Then everything is read back by both daemons and from the store: what was acknowledged must be there, once, in order and as it was written, nothing else may be, `fsck` must find nothing, and all that clients saw on the way must be what a single copy could have shown. SQLite: a file for each daemon. Leases are 1.5 s instead of 15 s, so that they are lost now and then.',
    '',
    '| store | faults | acknowledged | operations checked | wrong | minutes |',
    '| --- | --- | --- | --- | --- | --- |',
    ...result.stores.map(
      ({ store, faults, acknowledged, operations, wrong, seconds }) =>
        `| ${store} | ${count(faults)} | ${count(acknowledged)} | ${count(operations)} | ${count(wrong.length)} | ${(seconds / 60).toFixed(1)} |`,
    ),
    ...result.stores.flatMap(tableOf),
    '',
    '## Builds that are wrong',
    '',
    'The same storm over daemons whose source reads otherwise in one place. Each must be found out.',
    '',
    '| build | store | faults | found wrong | such as |',
    '| --- | --- | --- | --- | --- |',
    ...result.controls.map(
      ({ build, store, faults, found }) =>
        `| ${build} | ${store} | ${faults} | ${count(found.length)} | ${(found[0] ?? 'nothing').slice(0, 120).replaceAll('|', '/')} |`,
    ),
    '',
  ].join('\n')

/** Failed: tries that had no answer in time, or one that the store is away. */
const tableOf = ({ store, tallies, wrong }: StoreResult): readonly string[] => [
  '',
  `## ${store}`,
  '',
  '| fault | injected | acknowledged until the next | tries that failed | wrong |',
  '| --- | --- | --- | --- | --- |',
  ...tallies.map(
    (tally) =>
      `| ${tally.kind} | ${tally.injected} | ${count(tally.acknowledged)} | ${count(tally.failed)} | ${tally.wrong} |`,
  ),
  ...(wrong.length === 0 ? [] : ['', 'Wrong:', '', ...wrong.slice(0, 50).map((line) => `- ${line}`)]),
]
