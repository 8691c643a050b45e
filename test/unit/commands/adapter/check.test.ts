import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { startOpenAiStandIn } from '../../../../fixtures/openai-stand-in.ts'
import { runCommand, startCommand, temporaryFolder } from '../run-command.ts'

const program = fileURLToPath(new URL('../../../../fixtures/sidecar-stand-in.ts', import.meta.url))

interface Report {
  readonly ok: boolean
  readonly checks: readonly { readonly name: string; readonly outcome: string; readonly reason?: string }[]
}

describe('mcpd adapter check', () => {
  it('passes an adapter that mcpd brings, against a server', async () => {
    const server = await startOpenAiStandIn({ tokenDelayMs: 1 })
    try {
      const { code, out } = await runCommand([
        'adapter',
        'check',
        'openai',
        '--url',
        server.url,
        '--calls-tools',
        '--echoes',
        '--json',
        '--model',
        'chat=stand-in/tiny:1b',
      ])
      const { ok, checks } = JSON.parse(out) as Report
      expect({ code, ok, failed: checks.filter(({ outcome }) => outcome === 'failed') }).toEqual({
        code: 0,
        ok: true,
        failed: [],
      })
      expect(checks.filter(({ outcome }) => outcome === 'passed').length).toBeGreaterThan(20)
    } finally {
      await server.close()
    }
  })

  it('says what a program does wrong, and exits with 1', { timeout: 120_000 }, async () => {
    // Every line starts the program anew.
    const { exitCode, stdout } = await startCommand(['adapter', 'check', '--', process.execPath, program], {
      timeout: 110_000,
    })
    const out = String(stdout)
    expect(exitCode).toBe(1)
    // The stand-in gives one answer where two were asked for.
    expect(out).toMatch(/FAIL {2}chat: two choices[^\n]*\n {6}asked for two choices, got 1/)
    expect(out).toMatch(/\d+ passed, 1 failed, \d+ skipped$/)
  })

  it('exits with 2 or 3 where nothing can be checked, and says why', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'broken.mjs'), 'export default 1 2')
    const [nothing, two, broken, missing, never] = await Promise.all([
      runCommand(['adapter', 'check']),
      runCommand(['adapter', 'check', 'a', 'b']),
      runCommand(['adapter', 'check', join(folder, 'broken.mjs')]),
      runCommand(['adapter', 'check', 'openai']),
      runCommand(['adapter', 'check', '--step', '2s', '--', '/no/such/program']),
    ])
    expect([nothing, two, broken, missing, never].map((ran) => ran?.code)).toEqual([2, 2, 2, 2, 3])
    expect(nothing.err).toContain('Name a module')
    expect(two.err).toContain('mcpd adapter check -- a b')
    expect(broken.err).toMatch(/line 1: SyntaxError/)
    expect(missing.err).toContain('required properties url')
    expect(never.err).toContain('ENOENT')
  })
})
