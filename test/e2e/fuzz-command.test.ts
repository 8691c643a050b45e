import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { services } from '../../fixtures/fuzz/services.ts'
import type { FuzzReport } from '../../src/fuzz/report/schema.ts'
import { scratch } from '../harness/crawl.ts'
import { startCommand } from '../unit/commands/run-command.ts'

const auth = ['--auth', 'bearer:tok-anna-4f1c9a7e']

const shop = async (faults: readonly string[]) => {
  const running = await services.shop.start({ faults })
  onTestFinished(() => running.close())
  return running.url
}

const user = () => {
  const cwd = scratch()
  const run = async (...words: string[]) => {
    const { exitCode, stdout, stderr } = await startCommand(['fuzz', ...words], { cwd, timeout: 90_000 })
    return { code: exitCode, out: String(stdout), err: String(stderr) }
  }
  return { cwd, run }
}

const limits = ['--seed', '1', '--max-examples', '0', '--include', '/carts*']
const written = {
  '--output': 'r.json',
  '--junit': 'r.xml',
  '--sarif': 'r.sarif',
  '--har': 'r.har',
  '--html': 'r.html',
}

it('finds faults, writes them down, knows them again, and sees when they are fixed', async () => {
  const [faulty, fixed] = await Promise.all([shop(['shop-put-adds', 'shop-quantity-99']), shop([])])
  const { cwd, run } = user()
  const spec = `${faulty}/openapi.json`
  const found = await run(
    spec,
    ...auth,
    ...limits,
    '--findings',
    'found',
    ...Object.entries(written).flat(),
    '--json',
  )
  expect(found.code, found.err).toBe(1)
  const report = JSON.parse(found.out) as FuzzReport
  expect(report.findings.map(({ operation, check }) => `${operation} ${check}`).toSorted()).toEqual([
    'POST /carts/{cartId}/items not_a_server_error',
    'PUT /carts/{cartId}/items/{itemId} put_idempotent',
  ])
  for (const { requestIds, curl } of report.findings) {
    expect(requestIds[0]).toMatch(/^req-/)
    expect(curl).not.toContain('tok-anna')
  }
  for (const file of Object.values(written)) {
    const text = readFileSync(join(cwd, file), 'utf8')
    expect(text).toContain('put_idempotent')
    expect(text).not.toContain('tok-anna')
  }

  const files = readdirSync(join(cwd, 'found')).map((name) => join('found', name))
  const [failing, gone, strange, known] = await Promise.all([
    run('replay', ...files, ...auth),
    run('replay', ...files, ...auth, '--url', fixed),
    run('replay', ...files, '--auth', 'bearer:nobody'),
    run(spec, ...auth, ...limits, '--baseline', 'r.json', '--json'),
  ])
  const verdicts = ({ out }: { readonly out: string }) => out.match(/^(failing|fixed|drifted)/gm)
  expect([failing.code, verdicts(failing)], failing.out).toEqual([1, ['failing', 'failing']])
  expect([gone.code, verdicts(gone)], gone.out).toEqual([0, ['fixed', 'fixed']])
  expect([strange.code, verdicts(strange)], strange.out).toEqual([4, ['drifted', 'drifted']])
  expect([known.code, (JSON.parse(known.out) as FuzzReport).known.length], known.err).toEqual([0, 2])
})

it('replays nothing but findings', async () => {
  const { cwd, run } = user()
  writeFileSync(join(cwd, 'not.json'), '{"findings":[]}')
  const { code, err } = await run('replay', 'not.json')
  expect([code, err]).toEqual([2, expect.stringContaining('no finding of mcpd fuzz')])
})
