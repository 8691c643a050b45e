import { operations, type Operation } from '../../src/core/inference.ts'

/** What the adapters were seen to do with a real runtime: one line per suite of test/runtimes. */
export interface Seen {
  /** The names of the suite's describe blocks. */
  readonly suite: string
  readonly version: string
  /** YYYY-MM-DD */
  readonly date: string
  readonly operations: readonly Operation[]
}

interface Row {
  readonly runtime: string
  readonly adapter: string
  readonly operations: readonly Operation[]
  /** The suite that asks a real one; absent where none can be had. */
  readonly suite?: string
  /** A real one that every run of all tests asks. */
  readonly always?: string
}

/** Every runtime that mcpd knows, with what its adapter does there. */
export const rows: readonly Row[] = [
  {
    runtime: 'Ollama',
    adapter: 'ollama',
    operations: ['chat', 'complete', 'embed'],
    suite: 'a real Ollama, the ollama adapter',
  },
  ...(['http', 'grpc'] as const).flatMap((protocol): Row[] => [
    {
      runtime: `Triton, ${protocol === 'http' ? 'HTTP' : 'gRPC'}`,
      adapter: 'triton',
      operations: ['chat', 'complete', 'embed', 'infer'],
      suite: `a real Triton, over ${protocol}`,
    },
    {
      runtime: `MLServer, ${protocol === 'http' ? 'HTTP' : 'gRPC'}`,
      adapter: 'triton',
      operations: ['chat', 'complete', 'embed', 'infer'],
      suite: `a real MLServer, over ${protocol}`,
    },
  ]),
  ...(['controller', 'worker', 'API server'] as const).map((part): Row => ({
    runtime: `FastChat, ${part}`,
    adapter: 'fastchat',
    operations: ['chat', 'complete', 'embed', 'tokenize'],
    suite: `a real FastChat, its ${part}`,
  })),
  {
    runtime: 'llama-cpp-python',
    adapter: 'openai',
    operations: ['chat', 'complete', 'embed'],
    suite: 'a real server of llama-cpp-python, the adapter openai',
  },
  {
    runtime: 'llama.cpp in mcpd',
    adapter: 'embedded',
    operations: ['chat', 'complete', 'embed', 'tokenize'],
    always: 'node-llama-cpp 3.21.1, every run',
  },
  {
    runtime: 'llama-server',
    adapter: 'openai',
    operations: ['chat', 'complete', 'embed', 'rerank', 'tokenize'],
  },
  { runtime: 'vLLM', adapter: 'openai', operations: ['chat', 'complete', 'embed', 'rerank', 'tokenize'] },
  { runtime: 'TGI', adapter: 'huggingface', operations: ['chat', 'complete', 'tokenize'] },
  { runtime: 'TEI', adapter: 'huggingface', operations: ['embed', 'rerank', 'tokenize'] },
  { runtime: 'Hugging Face router', adapter: 'huggingface', operations: ['chat', 'embed'] },
  { runtime: "Anthropic's API", adapter: 'anthropic', operations: ['chat', 'tokenize'] },
]

/** The table of docs/runtimes.md. */
export const renderTable = (seen: readonly Seen[]): string => {
  const header = ['runtime', 'adapter', ...operations]
  const body = rows.map((row) => [
    row.runtime,
    `\`${row.adapter}\``,
    ...operations.map((operation) => cellOf(row, operation, seen)),
  ])
  const lines = [header, header.map(() => '---'), ...body]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const cellOf = (row: Row, operation: Operation, seen: readonly Seen[]): string => {
  if (!row.operations.includes(operation)) return '-'
  if (row.always !== undefined) return `real (${row.always})`
  const found = seen.find(({ suite, operations: asked }) => suite === row.suite && asked.includes(operation))
  return found ? `real ${found.version} ${found.date}` : 'transcribed'
}

const marks = ['<!-- table: node test/runtimes/see.ts -->', '<!-- end of the table -->'] as const

/** The page with another table between its marks. */
export const withTable = (page: string, table: string): string => {
  const [before = '', rest = ''] = page.split(marks[0])
  const [, after = ''] = rest.split(marks[1])
  return `${before}${marks[0]}\n\n${table}\n\n${marks[1]}${after}`
}
