import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tool = (name: string) => join(root, 'node_modules', '.bin', name)
const examples = [
  ...readFileSync(join(root, 'docs', 'client.md'), 'utf8').matchAll(/^```ts\n([^]*?)^```/gm),
].map(([, code = '']) => code)

let daemon: TestDaemon
/** A project of a user, with mcpd in its node_modules as npm would put it there. */
let project = ''

beforeAll(async () => {
  await execa(process.execPath, [join(root, 'tools', 'build.mjs')])
  daemon = await startTestDaemon('{}')
  project = mkdtempSync(join(tmpdir(), 'mcpd-library-'))
  mkdirSync(join(project, 'node_modules'))
  symlinkSync(root, join(project, 'node_modules', 'mcpd'), 'dir')
  writeFileSync(join(project, 'package.json'), '{"type":"module"}')
  for (const [index, code] of examples.entries()) writeFileSync(join(project, `example-${index}.ts`), code)
}, 120_000)

afterAll(async () => {
  await daemon?.close()
  if (project !== '') rmSync(project, { recursive: true, force: true })
})

const run = (file: string) =>
  execa(process.execPath, [file], {
    cwd: project,
    reject: false,
    env: { MCPD_URL: daemon.url, MCPD_API_KEY: '' },
  })

describe("import { createClient } from 'mcpd'", () => {
  it('is typed, as the examples of docs/client.md use it', async () => {
    const files = examples.map((_, index) => `example-${index}.ts`)
    const language = ['--noEmit', '--strict', '--target', 'es2024', '--lib', 'esnext', '--module', 'nodenext']
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')]
    const { stdout, exitCode } = await execa(tool('tsc'), [...language, ...types, ...files], {
      cwd: project,
      reject: false,
    })
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 0 })
  })

  it('streams by for await and answers whole, from the built package', async () => {
    const { stdout, stderr, exitCode } = await run('example-0.ts')
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    const [streamed, whole] = stdout.split('\n')
    expect(streamed).toMatch(/\w/)
    expect(whole).toMatch(/\w.* \(\d+ tokens\)$/)
  })

  it('throws errors to branch on', async () => {
    const { stderr, exitCode } = await run('example-1.ts')
    expect(exitCode).toBe(0)
    expect(stderr).toContain('DAEMON_UNREACHABLE')
  })
})
