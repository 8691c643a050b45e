import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCommand, temporaryFolder } from './run-command.ts'

const document = (type: string, name = 'id'): string =>
  JSON.stringify({
    openapi: '3.1.0',
    info: { title: 't', version: '1' },
    paths: { '/a': { get: { parameters: [{ name, in: 'query', schema: { type } }], responses: {} } } },
  })

const files = () => {
  const folder = temporaryFolder()
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  return {
    folder,
    old: write('old.json', document('string')),
    next: write('new.json', document('integer')),
    same: write('same.json', document('string')),
    write,
  }
}

describe('mcpd diff', () => {
  it('exits with 1 for what breaks, and with 0 for what does not', async () => {
    const { old, next, same } = files()
    const broken = await runCommand(['diff', old, next])
    expect(broken).toMatchObject({ code: 1, err: '' })
    expect(broken.out).toContain('Type of query parameter "id" narrowed from "string" to "integer"')
    expect((await runCommand(['diff', next, old])).code).toBe(0)
    expect(await runCommand(['diff', old, same])).toMatchObject({
      code: 0,
      out: expect.stringContaining('no changes') as string,
    })
    expect((await runCommand(['diff', old, next, '--fail-on', 'none'])).code).toBe(0)
  })

  it('reads standard input and git revisions, and prints what is asked for', async () => {
    const { folder, old, next } = files()
    const piped = await runCommand(['diff', old, '-', '--json'], { input: document('integer') })
    expect(JSON.parse(piped.out)).toMatchObject({
      verdict: 'breaking',
      revision: { name: '-' },
      changes: [{ operation: 'GET /a', witness: {} }],
    })
    const git = (...words: string[]): string =>
      execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...words], {
        encoding: 'utf8',
      })
    git('init', '--quiet')
    git('add', '--all')
    git('commit', '--quiet', '-m', 'first')
    writeFileSync(old, document('integer'))
    const { execa } = await import('execa')
    const { exitCode, stdout } = await execa(
      process.execPath,
      [
        join(import.meta.dirname, '../../../bin/dev.js'),
        'diff',
        'HEAD:old.json',
        'old.json',
        '--format',
        'github',
      ],
      {
        cwd: folder,
        reject: false,
        env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', MCPD_STATE_DIR: '/nonexistent' },
        extendEnv: false,
      },
    )
    expect([exitCode, stdout.split('::')[1]?.split(' ')[0]]).toEqual([1, 'error'])
    expect(next).toContain('new.json')
  })

  it('says of what it cannot read where and why, with exit code 4', async () => {
    const { old, write } = files()
    const bad = await runCommand(['diff', old, write('bad.yaml', 'a: [1\nb: 2')])
    expect(bad.code).toBe(4)
    expect(bad.err).toMatch(/bad\.yaml:\d+:\d+ cannot be read/)
    expect((await runCommand(['diff', old, 'nowhere'])).code).toBe(2)
  })

  it('follows a policy file, and refuses a wrong one', async () => {
    const { old, next, write } = files()
    const policy = write(
      'policy.yaml',
      'overrides: [{ rule: "parameter-*", severity: safe, reason: internal }]',
    )
    expect((await runCommand(['diff', old, next, '--policy', policy])).code).toBe(0)
    const wrong = await runCommand([
      'diff',
      old,
      next,
      '--policy',
      write('wrong.yaml', 'overrides: [{ severity: awful }]'),
    ])
    expect(wrong).toMatchObject({ code: 2 })
  })

  it('compares what is stored since it was accepted, until somebody acknowledges it', async () => {
    const { folder, old, next } = files()
    const store = join(folder, 'specs')
    mkdirSync(store)
    await runCommand(['crawl', old, '--name', 'api', '--store', store])
    expect(await runCommand(['diff', '--store', store])).toMatchObject({
      code: 0,
      out: 'api: first version, nothing to compare',
    })
    await runCommand(['crawl', next, '--name', 'api', '--store', store])
    const found = await runCommand(['diff', '--store', store, '--json'])
    expect(found.code).toBe(1)
    const { spec, changes } = JSON.parse(found.out) as { spec: string; changes: { fingerprint: string }[] }
    expect(spec).toBe('api')
    const acknowledged = await runCommand([
      'diff',
      'ack',
      changes[0]?.fingerprint ?? '',
      '--reason',
      'agreed',
      '--store',
      store,
    ])
    expect(acknowledged.code).toBe(0)
    expect(await runCommand(['diff', '--store', store])).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 acknowledged') as string,
    })
    expect((await runCommand(['diff', 'ack', 'nonsense', '--reason', 'x', '--store', store])).code).toBe(2)
  })
})

describe('mcpd rules', () => {
  it('lists rules, explains one, and knows what was meant', async () => {
    expect((await runCommand(['rules'])).out).toContain('request-body-became-required')
    expect((await runCommand(['rules', 'request-body-became-required'])).out).toContain(
      'Requests without one are refused.',
    )
    expect((await runCommand(['rules', 'request-body-became-requird'])).err).toContain(
      'mcpd rules request-body-became-required',
    )
  })
})
