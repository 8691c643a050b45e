import { describe, expect, it } from 'vitest'
import { crawling, documentOf } from '../../../harness/crawl.ts'

const run = (script: string, rest = {}) =>
  crawling().crawl({ kind: 'command', argv: [process.execPath, '-e', script], cwd: process.cwd() }, rest)

describe('what a command prints', () => {
  it('is stored', async () => {
    const document = JSON.stringify(documentOf(['GET /a']))
    expect(await run(`console.log(${JSON.stringify(document)}); console.error('noise')`)).toMatchObject({
      outcome: 'first',
      version: { operations: 1 },
    })
  })

  it.each([
    ['fails', 'console.error("no model"); process.exit(7)', {}, 'exit code 7'],
    ['never ends', 'setInterval(() => {}, 1000)', { timeoutMs: 300 }, 'too long'],
    [
      'prints without end',
      'const more = () => process.stdout.write("x".repeat(9999), more); more()',
      { sizeMaxBytes: 50_000 },
      'too much',
    ],
  ])('is not stored when it %s', async (_, script, rest, words) => {
    expect(await run(script, rest)).toMatchObject({
      outcome: 'failed',
      problem: { code: 'SOURCE_FAILED', message: expect.stringContaining(words) },
    })
  })

  it('is given to no shell', async () => {
    const outcome = await crawling().crawl({
      kind: 'command',
      argv: ['echo', '$(touch x)', ';', 'ls'],
      cwd: '/',
    })
    expect(outcome).toMatchObject({ outcome: 'failed', problem: { code: 'SPEC_INVALID' } })
  })

  it('needs a program', async () => {
    const outcome = await crawling().crawl({ kind: 'command', argv: ['no-such-program-here'], cwd: '/' })
    expect(outcome).toMatchObject({
      outcome: 'failed',
      problem: { message: expect.stringContaining('no such program') },
    })
  })
})
