import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { languages, scaffold } from '../../../../src/cli/scaffold/scaffold.ts'
import { startTestDaemon } from '../../../harness/daemon.ts'
import { runCommand, startCommand, temporaryFolder } from '../run-command.ts'

const hasPython = spawnSync('python3', ['-c', 'import socketserver']).status === 0
const why = (language: string) =>
  language === 'python' && !hasPython ? 'python3 is not on this machine' : undefined

describe('mcpd adapter scaffold', () => {
  it.each(languages)('writes a project in %s', async (language) => {
    const folder = temporaryFolder()
    const made = await startCommand(['adapter', 'scaffold', 'my-own', '--language', language, '--json'], {
      cwd: folder,
    })
    const { files } = JSON.parse(String(made.stdout)) as { files: string[] }
    expect(readdirSync(join(folder, 'my-own')).toSorted()).toEqual(files.toSorted())
    for (const file of files) expect(readFileSync(join(folder, 'my-own', file), 'utf8')).not.toContain('{{')
  })

  it.for(languages)('the one in %s passes every check', { timeout: 120_000 }, async (language, { skip }) => {
    const reason = why(language)
    if (reason !== undefined) skip(reason)
    const folder = temporaryFolder()
    const { folder: cwd, check } = await scaffold('my-own', language, folder)
    const [, ...words] = check.split(' ')
    const { stdout, exitCode } = await startCommand(['adapter', 'check', '--json', ...words.slice(2)], {
      cwd,
      timeout: 110_000,
    })
    const { checks } = JSON.parse(String(stdout)) as { checks: { outcome: string }[] }
    expect({ exitCode, failed: checks.filter(({ outcome }) => outcome === 'failed') }).toEqual({
      exitCode: 0,
      failed: [],
    })
    expect(checks.filter(({ outcome }) => outcome === 'passed').length).toBeGreaterThan(15)
  })

  it('of TypeScript has types that are those of mcpd', async () => {
    const { folder } = await scaffold('typed', 'typescript', temporaryFolder())
    const core = fileURLToPath(new URL('../../../../src/core/adapter.ts', import.meta.url))
    writeFileSync(
      join(folder, 'same.ts'),
      `import type { AdapterModule } from '${core}'\nimport adapter from './adapter.ts'\nexport const same: Pick<AdapterModule<never>, 'type' | 'create'> = adapter\n`,
    )
    const tsc = fileURLToPath(new URL('../../../../node_modules/typescript/bin/tsc', import.meta.url))
    const types = fileURLToPath(new URL('../../../../node_modules/@types', import.meta.url))
    const settings =
      '--noEmit --strict --noUncheckedIndexedAccess --target es2024 --module nodenext --allowImportingTsExtensions --erasableSyntaxOnly --skipLibCheck --types node'
    execFileSync(process.execPath, [tsc, ...settings.split(' '), '--typeRoots', types, 'same.ts'], {
      cwd: folder,
      encoding: 'utf8',
    })
  })

  it('serves from its own mcpd.yaml, and anew after a change', async () => {
    const { folder } = await scaffold('mine', 'typescript', temporaryFolder())
    const file = join(folder, 'adapter.ts')
    const daemon = await startTestDaemon(`backends: [{ name: mine, adapter: ${file} }]`)
    try {
      const say = async () => {
        const answer = await daemon.fetch('/v1/chat/completions', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"model":"mine","messages":[{"role":"user","content":"Hello"}]}',
        })
        return JSON.parse(await answer.text()) as { choices: { message: { content: string } }[] }
      }
      expect((await say()).choices[0]?.message.content).toBe('Hello')
      const text = readFileSync(file, 'utf8')
      writeFileSync(file, text.replace('text: word }', 'text: word.toUpperCase() }'))
      expect((await daemon.daemon.reloader.reload()).replaced).toEqual(['mine'])
      expect((await say()).choices[0]?.message.content).toBe('HELLO')
      writeFileSync(file, 'export default {')
      await expect(daemon.daemon.reloader.reload()).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
      expect((await say()).choices[0]?.message.content).toBe('HELLO')
      writeFileSync(file, text)
      expect((await daemon.daemon.reloader.reload()).advice).toEqual([
        expect.stringContaining('loaded') as string,
      ])
    } finally {
      await daemon.close()
    }
  })

  it('refuses an odd name and a folder that has something in it', async () => {
    const odd = await runCommand(['adapter', 'scaffold', '../x'])
    expect([odd.code, odd.err]).toEqual([2, expect.stringContaining('is no name')])
    const folder = temporaryFolder()
    await scaffold('twice', 'python', folder)
    await expect(scaffold('twice', 'python', folder)).rejects.toMatchObject({ code: 'USAGE' })
  })
})
