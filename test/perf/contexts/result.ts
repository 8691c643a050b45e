import { kilo, ms, percent, yes } from './figures.ts'
import type { NeedleKind } from '../../../fixtures/contexts/needles.ts'
import type { Budgeted, Fetch, Fork } from './latency.ts'
import type { Overflow } from './overflow.ts'
import type { Recall } from './recall.ts'
import type { Storage } from './storage.ts'
import type { Spread } from './stores.ts'

export interface RecallRow {
  readonly mode: string
  readonly conversations: number
  readonly budgetRatio: number
  readonly recalls: ReadonlyMap<NeedleKind, Recall>
}

export interface Circumstances {
  readonly date: string
  readonly command: string
  readonly seconds: number
  readonly machine: string
  readonly node: string
  readonly commit: string
  readonly load: number
}

export interface Result extends Circumstances {
  readonly storage: readonly Storage[]
  readonly fetch: readonly Fetch[]
  readonly budgeted: readonly Budgeted[]
  readonly append: Spread
  readonly fork: Fork
  /** By name of the tokenizer. */
  readonly overflow: Readonly<Record<string, Overflow>>
  readonly recall: readonly RecallRow[]
}

const savingGoals: Readonly<Record<number, number>> = { 5: 0.8, 10: 0.9, 50: 0.97, 200: 0.985 }
const hotGoals: Readonly<Record<number, number>> = { 10: 2, 50: 3, 200: 5 }

export const intro = (when: Circumstances): string =>
  `${when.date} UTC, commit ${when.commit}, Node ${when.node}, ${when.machine}, load average ${when.load.toFixed(1)} at the start. Run by \`${when.command}\`, ${Math.round(when.seconds)} s. Times in ms, p50 / p99.`

export const render = (result: Result): string =>
  [
    '# Contexts',
    '',
    intro(result),
    '',
    '## Bytes',
    '',
    'Conversations of people and assistants that call tools, text from this repository, 4 % of the turns forked and 4 % edited, in the SQLite journal after sealing. The file is all of it: bodies, turns, heads, keys and indexes. A full copy is the whole state as JSON for each turn; a transcript is one JSON text for each branch.',
    '',
    '| turns | messages | full copies, KB | transcript, KB | bodies, KB | file, KB | file against full copies | goal | met | file against transcript | bodies against transcript | goal | met |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...result.storage.map(storageRow),
    '',
    '## Times',
    '',
    'Hot: the path is in memory, and its bodies are spliced into one JSON text. Cold: read from the file by the thread of the journal, decoded, every hash checked, spliced; the file is in the memory of the operating system. Budgeted: the view of 8,000 tokens for the next question, bodies read, tokens counted, words ranked.',
    '',
    '| what | measured | goal of p99 | met |',
    '| --- | --- | --- | --- |',
    ...result.fetch.flatMap(({ turns, messages, bytes, hot, cold }) => [
      `| fetch, hot, ${turns} turns (${messages} messages, ${kilo(bytes)} KB) | ${ms(hot)} | < ${hotGoals[turns]} | ${yes(hot.p99 < hotGoals[turns]!)} |`,
      `| fetch, cold, ${turns} turns | ${ms(cold)} | < 10 | ${yes(cold.p99 < 10)} |`,
    ]),
    ...result.budgeted.map(
      ({ turns, messages, next, firstMs }) =>
        `| budgeted view, ${turns} turns (${messages} messages; the first one ${firstMs.toFixed(0)} ms) | ${ms(next)} | < 2 | ${yes(next.p99 < 2)} |`,
    ),
    `| durable append of a question and its answer | ${ms(result.append)} | < 1 | ${yes(result.append.p99 < 1)} |`,
    `| fork of ${result.fork.messages} messages | ${ms(result.fork.time)} | < 2 | ${yes(result.fork.time.p99 < 2)} |`,
    `| bytes of the file for a fork | ${Math.round(result.fork.bytes)} | < 1024 | ${yes(result.fork.bytes < 1024)} |`,
    '',
    '## Budget',
    '',
    ...overflowPart(result.overflow),
    '',
    '## Recall',
    '',
    'Facts that a view still has when the question about them comes, of the frozen set in `fixtures/contexts`: 60 turns, look-alike facts about the same names, long answers of tools.',
    '',
    '| chosen by | budget | same words | paraphrase | several facts | changed fact | meaning |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...result.recall.map(recallRow),
    '',
    'Goals at a tenth: same words ≥ 99 %, paraphrase ≥ 97 %, meaning ≥ 85 %, the last with embeddings only.',
    '',
  ].join('\n')

const storageRow = (row: Storage): string => {
  const saved = 1 - row.fileBytes / row.fullCopyBytes
  const savedTranscript = 1 - row.fileBytes / row.transcriptBytes
  const bodiesTranscript = 1 - row.contentBytes / row.transcriptBytes
  const goal = savingGoals[row.turns]!
  return `| ${row.turns} | ${row.messages} | ${kilo(row.fullCopyBytes)} | ${kilo(row.transcriptBytes)} | ${kilo(row.contentBytes)} | ${kilo(row.fileBytes)} | ${percent(saved)} | ≥ ${percent(goal)} | ${yes(saved >= goal)} | ${percent(savedTranscript)} | ${percent(bodiesTranscript)} | ≥ 60 % | ${yes(savedTranscript >= 0.6)} |`
}

const overflowPart = (overflow: Result['overflow']): readonly string[] => {
  const rows = Object.entries(overflow)
  if (rows.length === 0)
    return ['Not measured: no tokenizer was given (`--tokenizer FOLDER`, where gpt-tokenizer is installed).']
  return [
    'Conversations of prose, code, JSON, numbers, Chinese, Japanese, Korean, Russian and random text, pruned to random budgets with estimates alone, which learn from the usage of each prompt; counted by the tokenizer.',
    '',
    '| tokenizer | prompts | above the budget | goal | met | fullest, of its budget | budget used | error of estimates |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map(
      ([name, { prompts, over, worst, used, error }]) =>
        `| ${name} | ${prompts.toLocaleString('en')} | ${over} | 0 | ${yes(over === 0)} | ${percent(worst)} | ${percent(used)} | ${percent(error)} |`,
    ),
  ]
}

const recallRow = ({ mode, conversations, budgetRatio, recalls }: RecallRow): string => {
  const cell = (kind: NeedleKind): string => {
    const recall = recalls.get(kind)
    return recall ? percent(recall.kept / recall.asked) : ''
  }
  return `| ${mode}, ${conversations} conversations | ${percent(budgetRatio)} | ${cell('same words')} | ${cell('paraphrase')} | ${cell('several facts')} | ${cell('changed fact')} | ${cell('meaning')} |`
}
