import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { planInstall } from '../../../src/cli/runtime-install.ts'
import { temporaryFolder } from '../commands/run-command.ts'

describe('planInstall', () => {
  const mcpd = (manifest: object): string => {
    const root = temporaryFolder()
    writeFileSync(join(root, 'package.json'), JSON.stringify(manifest))
    return root
  }

  it("leaves mcpd's own package.json alone, and saves in a project's", () => {
    const root = mcpd({
      peerDependencies: { 'node-llama-cpp': '1.2.3' },
    })
    expect(planInstall(root).command).toEqual(
      expect.arrayContaining(['--no-save', '--save-prod', '--prefix', root, 'node-llama-cpp@1.2.3']),
    )
    const project = temporaryFolder()
    const { command, folder } = planInstall(root, project)
    expect(folder).toBe(project)
    expect(command).not.toContain('--no-save')
  })

  it('sees what is installed already', () => {
    const root = mcpd({ peerDependencies: { 'node-llama-cpp': '1.2.3' } })
    expect(planInstall(root)).not.toHaveProperty('installed')
    mkdirSync(join(root, 'node_modules', 'node-llama-cpp'), { recursive: true })
    writeFileSync(join(root, 'node_modules', 'node-llama-cpp', 'package.json'), '{"version":"1.2.3"}')
    expect(planInstall(root).installed).toBe('1.2.3')
  })

  it('does not guess a version', () => {
    expect(() => planInstall(mcpd({}))).toThrow('does not say which')
  })
})
