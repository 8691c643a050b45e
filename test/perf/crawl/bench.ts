import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import { specDefaults, type SpecOrigin } from '../../../src/core/spec-config.ts'
import { crawlAll } from '../../../src/crawler/crawl.ts'
import { openStore } from '../../../src/crawler/snapshots/store.ts'
import { createHostLimit } from '../../../src/crawler/sources/host-limit.ts'
import { openSource } from '../../../src/crawler/sources/open.ts'

const usage = `npm run bench:crawl -- [--write]

How long it takes to look at 1,000 unchanged sources on loopback, and to take in a git history of 100 versions of
60 KB. --write puts the result into docs/results/crawl.md.
`
const { values: flags } = parseArgs({ options: { write: { type: 'boolean' }, help: { type: 'boolean' } } })

const sources = 1000
const versions = 100
const versionMinBytes = 60_000
const goals = { unchangedMs: 60_000, historyMs: 3000 }

const signal = new AbortController().signal
const corpus = resolve(process.env['MCPD_CORPUS'] ?? '../shared/corpus', 'specs', 'tgi')

/** The largest real document there is, or one of the same size. */
const sample = (): string => {
  if (existsSync(corpus)) return readFileSync(join(corpus, readdirSync(corpus).toSorted().at(-1)!), 'utf8')
  const operation = { description: 'x'.repeat(400), responses: { 200: { description: 'ok' } } }
  const paths = Object.fromEntries(Array.from({ length: 140 }, (_, at) => [`/p${at}`, { get: operation }]))
  return JSON.stringify({ openapi: '3.1.0', info: { title: 'sample', version: '1' }, paths }, undefined, 2)
}

const crawl = async (store: string, origins: readonly SpecOrigin[], history = false) => {
  const place = { limit: createHostLimit(4), cacheDir: join(store, '.git-cache'), backends: [] }
  const tasks = origins.map((origin, at) => ({
    name: `spec-${at}`,
    open: () => openSource({ ...specDefaults, name: `spec-${at}`, origin }, place),
    sizeMaxBytes: specDefaults.sizeMaxBytes,
  }))
  const startedMs = performance.now()
  const outcomes = await crawlAll(tasks, { store: openStore({ path: store }), signal, history })
  return { ms: performance.now() - startedMs, outcomes }
}

const manySources = async (folder: string) => {
  const text = sample()
  const etag = `"${createHash('sha256').update(text).digest('hex')}"`
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end()
    else response.writeHead(200, { etag }).end(text)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const origins = Array.from({ length: sources }, (_, at) => ({ kind: 'url', url: `${base}/${at}` }) as const)
  const first = await crawl(folder, origins)
  requests = 0
  const again = await crawl(folder, origins)
  const unchanged = again.outcomes.filter(({ outcome }) => outcome === 'unchanged').length
  if (unchanged !== sources || requests !== sources)
    throw new Error(`${unchanged} unchanged, ${requests} requests`)
  server.closeAllConnections()
  server.close()
  return { firstMs: first.ms, unchangedMs: again.ms }
}

const longHistory = async (folder: string) => {
  const repository = join(folder, 'repository')
  await mkdir(repository)
  const git = (...words: string[]) =>
    execa('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@example.org', ...words], {
      cwd: repository,
    })
  await git('init', '-q')
  const text = sample()
  const document = JSON.parse(text) as { info: { version: string }; paths: object }
  for (let at = 0; at < versions; at += 1) {
    const paths = {
      ...document.paths,
      [`/added-${at}`]: { get: { responses: { 200: { description: 'ok' } } } },
    }
    await writeFile(join(repository, 'api.json'), JSON.stringify({ ...document, paths }, undefined, 2))
    await git('add', '.')
    await git('commit', '-q', '-m', `version ${at}`)
  }
  if (text.length < versionMinBytes) throw new Error(`the sample has ${text.length} bytes`)
  const origin = { kind: 'git', repository, path: 'api.json', revision: 'HEAD' } as const
  const { ms, outcomes } = await crawl(join(folder, 'history'), [origin], true)
  if (outcomes[0]?.stored !== versions) throw new Error(`${outcomes[0]?.stored} versions were stored`)
  return { historyMs: ms, sampleBytes: text.length }
}

if (flags.help) process.stdout.write(usage)
else {
  const folder = await mkdtemp(join(tmpdir(), 'mcpd-bench-'))
  try {
    const many = await manySources(join(folder, 'many'))
    const long = await longHistory(folder)
    const row = (what: string, ms: number, goalMs?: number) =>
      `| ${what} | ${(ms / 1000).toFixed(2)} s | ${goalMs === undefined ? '' : `< ${goalMs / 1000} s`} |`
    const report = [
      '# Crawl',
      '',
      `\`npm run bench:crawl -- --write\`, ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cpus().length} cores (${cpus()[0]?.model.trim()}). Documents of ${long.sampleBytes} bytes, an HTTP server in the same process, one run.`,
      '',
      '| what | time | goal |',
      '| --- | --- | --- |',
      row(`${sources} new loopback sources fetched and stored`, many.firstMs),
      row(
        `${sources} unchanged ones: one conditional request each, nothing stored`,
        many.unchangedMs,
        goals.unchangedMs,
      ),
      row(
        `a git history of ${versions} versions read, normalised and stored`,
        long.historyMs,
        goals.historyMs,
      ),
      '',
    ].join('\n')
    process.stdout.write(report)
    if (flags.write) await writeFile(new URL('../../../docs/results/crawl.md', import.meta.url), report)
    if (many.unchangedMs > goals.unchangedMs || long.historyMs > goals.historyMs) process.exitCode = 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
