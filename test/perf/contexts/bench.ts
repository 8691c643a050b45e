import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { embedNeedles } from './embed-needles.ts'
import { measureKeyv, renderKeyv } from './keyv.ts'
import { measureAppend, measureBudgeted, measureFetch, measureFork } from './latency.ts'
import { measureOverflow, type Overflow } from './overflow.ts'
import { measureRecall } from './recall.ts'
import { intro, type RecallRow, render, type Result } from './result.ts'
import { measureRedis, renderRedis } from './redis-page.ts'
import { measurePostgres, renderPostgres } from './postgres-page.ts'
import { measureStorage } from './storage.ts'

const usage = `npm run bench:contexts -- [options]

What conversations cost: bytes, milliseconds, and what a pruned view forgets.
  --tokenizer FOLDER   where gpt-tokenizer 4 is installed, to count overflows
  --embeddings FOLDER  where @energetic-ai/embeddings and -/model-embeddings-en are installed, for recall by meaning
  --servers            in PostgreSQL and Redis instead of a file
  --quick              fewer samples
  --json               the result as JSON on standard output
  --write              write docs/results/contexts.md, or contexts-servers.md
`

const { values: flags } = parseArgs({
  options: {
    tokenizer: { type: 'string' },
    embeddings: { type: 'string' },
    servers: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const root = fileURLToPath(new URL('../../..', import.meta.url))
const samples = flags.quick ? 200 : 1000
const prompts = flags.quick ? 1000 : 10_000
/** Conversations of so many turns. */
const stored: readonly (readonly [turns: number, conversations: number])[] = flags.quick
  ? [
      [5, 40],
      [10, 20],
      [50, 4],
      [200, 1],
    ]
  : [
      [5, 200],
      [10, 100],
      [50, 20],
      [200, 5],
    ]
const lexicalConversations = Array.from({ length: 25 }, (_, at) => at + 1)
/** Fewer, since each has a thousand sentences to embed. */
const semanticConversations = lexicalConversations.slice(0, flags.quick ? 2 : 5)
const budgetRatios = [0.1, 0.2, 0.4]

const say = (line: string): void => void process.stderr.write(`${line}\n`)

const inOrder = async <Item, Made>(
  items: readonly Item[],
  make: (item: Item) => Promise<Made>,
): Promise<Made[]> => {
  const made: Made[] = []
  for (const item of items) made.push(await make(item))
  return made
}

/** Against two vocabularies of 100,000 and 200,000 tokens. */
const measureOverflows = async (folder: string): Promise<Record<string, Overflow>> => {
  const require = createRequire(pathToFileURL(join(resolve(folder), 'x.js')))
  const measured: Record<string, Overflow> = {}
  for (const name of ['o200k_base', 'cl100k_base']) {
    say(`overflow, ${name}`)
    const { countTokens } = require(`gpt-tokenizer/encoding/${name}`) as {
      readonly countTokens: (text: string) => number
    }
    measured[name] = await measureOverflow({ prompts, countText: countTokens, learns: true })
  }
  return measured
}

const measureRecalls = async (): Promise<RecallRow[]> => {
  const rows = (mode: string, conversations: readonly number[], options: object = {}): RecallRow[] =>
    budgetRatios.map((budgetRatio) => ({
      mode,
      conversations: conversations.length,
      budgetRatio,
      recalls: measureRecall({ conversations, budgetRatio, ...options }),
    }))
  say('recall by words')
  const lexical = rows('words', lexicalConversations)
  if (flags.embeddings === undefined) return lexical
  say('recall by meaning')
  const vectorsOf = await embedNeedles(flags.embeddings, semanticConversations)
  return [...lexical, ...rows('words and meaning', semanticConversations, { vectorsOf })]
}

const startedMs = performance.now()
const load = loadavg()[0] ?? 0

/** When, where and how. */
const circumstances = () => ({
  date: new Date().toISOString().slice(0, 16).replace('T', ' '),
  command: ['npm run bench:contexts', ...(process.argv.length > 2 ? ['--'] : []), ...process.argv.slice(2)]
    .join(' ')
    // Folders are those of a machine.
    .replaceAll(/(--(?:tokenizer|embeddings)[ =])\S+/g, '$1FOLDER'),
  seconds: (performance.now() - startedMs) / 1000,
  machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${release()}`,
  node: process.version,
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(),
  load,
})

const bench = async (): Promise<Result> => {
  say('bytes')
  const storage = await inOrder(stored, ([turns, conversations]) => measureStorage(turns, conversations))
  say('fetch')
  const fetch = await inOrder([10, 50, 200], (turns) => measureFetch(turns, samples))
  say('budgeted view')
  const budgeted = await inOrder([10, 50, 200, 1000, 2500], (turns) => measureBudgeted(turns, samples / 2))
  say('append and fork')
  const append = await measureAppend(samples * 2)
  const fork = await measureFork(1000, 1000)
  const overflow = flags.tokenizer === undefined ? {} : await measureOverflows(flags.tokenizer)
  const recall = await measureRecalls()
  return {
    ...circumstances(),
    storage,
    fetch,
    budgeted,
    append,
    fork,
    overflow,
    recall,
  }
}

/** The page, and the figures as they are. */
const inFile = async () => {
  const result = await bench()
  return {
    page: render(result),
    figures: {
      ...result,
      recall: result.recall.map((row) => ({ ...row, recalls: Object.fromEntries(row.recalls) })),
    },
  }
}

const inServers = async () => {
  const sizes = { samples, seconds: flags.quick ? 2 : 5, storage: stored, tell: say }
  const postgres = await measurePostgres(sizes)
  const redis = await measureRedis(sizes)
  const keyv = await measureKeyv({ samples: samples * 3, tell: say })
  const when = circumstances()
  const page = [
    '# Contexts in servers',
    '',
    intro(when),
    '',
    ...renderPostgres(postgres),
    ...renderRedis(redis),
    '## Keyv',
    '',
    'What Keyv, and what mcpd adds to it, cost beside the clients under it; in brackets against the client alone in the same run.',
    '',
    ...renderKeyv(keyv),
    '',
  ].join('\n')
  return { page, figures: { ...when, postgres, redis, keyv } }
}

const main = async (): Promise<void> => {
  const { page, figures } = await (flags.servers ? inServers() : inFile())
  process.stdout.write(flags.json ? `${JSON.stringify(figures, undefined, 2)}\n` : page)
  if (flags.write)
    await writeFile(join(root, `docs/results/contexts${flags.servers ? '-servers' : ''}.md`), page)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

if (flags.help) process.stdout.write(usage)
else await main()
