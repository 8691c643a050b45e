import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCommand, temporaryFolder } from '../run-command.ts'

const { peerDependencies } = JSON.parse(
  readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'),
) as { peerDependencies: Record<string, string> }
const version = String(peerDependencies['node-llama-cpp'])

/** A folder whose `npm` writes down its arguments and does as `script` says. */
const standInNpm = (script: string) => {
  const folder = temporaryFolder()
  const npm = join(folder, 'npm')
  writeFileSync(npm, `#!/bin/sh\necho "npm says hello"\necho "$@" > "${folder}/called"\n${script}\n`)
  chmodSync(npm, 0o755)
  return {
    env: { PATH: `${folder}:${process.env['PATH']}` },
    called: () => readFileSync(join(folder, 'called'), 'utf8'),
  }
}

describe('mcpd adapter install', () => {
  it('says what it will do, runs npm, and checks that the package is there', async () => {
    const prefix = temporaryFolder()
    const target = join(prefix, 'node_modules', 'node-llama-cpp')
    const npm = standInNpm(`mkdir -p ${target}; echo '{"version":"${version}"}' > ${target}/package.json`)
    const { code, out, err } = await runCommand(['adapter', 'install', 'embedded', '--prefix', prefix], npm)
    expect({ code, err }).toEqual({ code: 0, err: 'npm says hello' })
    expect(out).toContain(`mcpd needs node-llama-cpp ${version}`)
    expect(out).toContain(`npm ${npm.called().trim()}`)
    expect(npm.called()).toContain(`--ignore-scripts`)
    expect(npm.called()).toContain(`node-llama-cpp@${version}`)
  })

  it('fails when npm fails, or installed nothing', async () => {
    const results = await Promise.all(
      ['exit 1', 'exit 0'].map((script) =>
        runCommand(
          ['adapter', 'install', 'embedded', '--prefix', temporaryFolder(), '--json'],
          standInNpm(script),
        ),
      ),
    )
    for (const { code, out } of results) {
      expect(code).toBe(2)
      expect(JSON.parse(out)).toMatchObject({ error: { code: 'RUNTIME_MISSING' } })
    }
  })

  it('runs nothing with --dry-run', async () => {
    const npm = standInNpm('exit 1')
    const { code, out } = await runCommand(
      ['adapter', 'install', 'embedded', '--dry-run', '--json', '--prefix', temporaryFolder()],
      npm,
    )
    expect({ code, plan: JSON.parse(out) as unknown }).toMatchObject({ code: 0, plan: { version } })
    expect(() => npm.called()).toThrow('ENOENT')
  })
})
