import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../commands/run-command.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

/** mcpd's entry points without anything else of it. */
const install = (): string => {
  const folder = temporaryFolder()
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  return folder
}

/** Runs it on a Node that says it is old. */
const onOldNode = (folder: string, program: string, ...words: string[]) => {
  const pretence = join(folder, 'old.mjs')
  writeFileSync(
    pretence,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.9.0' } })`,
  )
  return execa(process.execPath, ['--import', pretence, join(folder, 'bin', program), ...words], {
    reject: false,
  })
}

describe('an old Node', () => {
  it('says what to install when there is no newer copy', async () => {
    const folder = install()
    for (const program of ['mcpd.js', 'mcpd-daemon.js', 'dev.js']) {
      const { exitCode, stderr, stdout } = await onOldNode(folder, program, '--version')
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
      expect(stderr).toMatch(/^mcpd needs Node 24\.12 or newer; this is 20\.9\.0\.\n/)
    }
  })

  it('hands the command line to the copy of this package, and its exit code back', async () => {
    const folder = install()
    const copies = join(folder, 'node_modules', 'node', 'bin')
    mkdirSync(copies, { recursive: true })
    symlinkSync(process.execPath, join(copies, 'node'))
    const { exitCode, stdout } = await onOldNode(folder, 'mcpd.js', '--version')
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: `mcpd/${version} ${process.platform}-${process.arch} node-${process.version}`,
    })
    writeFileSync(
      join(folder, 'bin', 'other.js'),
      `import { onNewNode } from './on-new-node.js'\nonNewNode(() => { process.exitCode = process.argv[2] === 'a b' ? 7 : 1 })`,
    )
    expect((await onOldNode(folder, 'other.js', 'a b')).exitCode).toBe(7)
  })
})

describe('mcpd --version', () => {
  it('needs nothing but package.json', async () => {
    const { stdout } = await execa(process.execPath, [join(install(), 'bin', 'mcpd.js'), '--version'])
    expect(stdout).toBe(`mcpd/${version} ${process.platform}-${process.arch} node-${process.version}`)
  })
})
