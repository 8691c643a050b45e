import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { execa } from 'execa'
import { startOpenAiStandIn } from '../../../fixtures/openai-stand-in.ts'
import { startDaemon } from '../../../src/daemon/daemon.ts'

/**
 * The daemon's own API under `mcpd fuzz`, with everything that destroys, and under Schemathesis:
 * `node test/perf/fuzz/ourselves.ts --seconds 300 --schemathesis PATH`. Exit code 1 where either finds something.
 */

const options = new Command('ourselves')
  .option('--seconds <number>', 'of each', Number, 120)
  .option('--seed <number>', 'of both', Number, 1)
  .option('--schemathesis <path>', 'the program')
  .parse()
  .opts<{ readonly seconds: number; readonly seed: number; readonly schemathesis?: string }>()

/** Longer than its time: starting, and ending what runs. */
const graceSeconds = 60

const run = async (title: string, program: string, words: readonly string[], cwd?: string): Promise<void> => {
  process.stdout.write(`\n# ${title}\n`)
  const { exitCode } = await execa(program, words, {
    reject: false,
    timeout: (options.seconds + graceSeconds) * 1000,
    stdio: ['ignore', 'inherit', 'inherit'],
    ...(cwd !== undefined && { cwd }),
  })
  if (exitCode !== 0) process.exitCode = 1
}

/**
 * 422 is the answer to what is well said and cannot be done by the backend that was asked, which a document of all
 * backends cannot tell; and Schemathesis knows no lines of JSON, which are text to it.
 */
const schemathesisConfig = `hooks = "hooks.py"
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "422", "429", "5xx"]
`
const schemathesisHooks = `import schemathesis
schemathesis.serializer.alias("application/x-ndjson", "text/plain")
`

const seed = ['--seed', String(options.seed)]
await run('mcpd fuzz', process.execPath, ['bin/dev.js', 'fuzz', '--time', `${options.seconds}s`, ...seed])

if (options.schemathesis !== undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'mcpd-ourselves-'))
  // A window as large as any request: how much fits into one is no matter of the document.
  const backend = await startOpenAiStandIn({ tokens: 4, contextLength: 2 ** 40 })
  const config = join(folder, 'mcpd.yaml')
  writeFileSync(config, `backends: [{ name: stand-in, adapter: openai, url: '${backend.url}' }]\n`)
  writeFileSync(join(folder, 'schemathesis.toml'), schemathesisConfig)
  writeFileSync(join(folder, 'hooks.py'), schemathesisHooks)
  const daemon = await startDaemon(
    { port: 0, stateDir: join(folder, 'state'), config, discover: false },
    { env: {}, cwd: folder, terminal: false },
  )
  const words = [`${daemon.url}/openapi.json`, '--max-time', String(options.seconds), '--continue-on-failure']
  try {
    await run('Schemathesis', options.schemathesis, ['run', ...words, ...seed, '--no-color'], folder)
  } finally {
    await daemon.close()
    await backend.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
