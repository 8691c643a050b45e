import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { runCommand } from './run-command.ts'

describe('mcpd completion', () => {
  it('prints a script that bash takes, with the commands there are', async () => {
    const { code, out } = await runCommand(['completion', 'bash'])
    expect(code).toBe(0)
    const { stdout } = await execa('bash', [
      '--norc',
      '-c',
      `${out}\nCOMP_WORDS=(mcpd adapter ""); COMP_CWORD=2; _mcpd; echo "\${COMPREPLY[@]}"`,
    ])
    expect(stdout).toBe('check install list scaffold --help')
  })

  it('takes the shell of the user, and no unknown one', async () => {
    const [own, unknown] = await Promise.all([
      runCommand(['completion', '--json'], { env: { SHELL: '/usr/bin/fish' } }),
      runCommand(['completion', 'tcsh']),
    ])
    expect(JSON.parse(own.out)).toMatchObject({ shell: 'fish' })
    expect(unknown.code).toBe(2)
    expect(unknown.err).toContain('bash, zsh, fish')
  })
})
