import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { type CompletedCommand, completionScript } from '../../../src/cli/completion.ts'

const flag = (name: string, values?: readonly string[]) => ({
  name,
  description: `the ${name}: it's [so]`,
  takesValue: values !== undefined,
  values: values ?? [],
})
const commands: CompletedCommand[] = [
  { words: ['chat'], summary: "ask a model, it's fun", flags: [flag('json'), flag('seed', [])], values: [] },
  {
    words: ['logs'],
    summary: 'show logs',
    flags: [{ ...flag('level', ['info', 'warn']), char: 'l' }],
    values: [],
  },
  { words: ['completion'], summary: 'complete', flags: [], values: ['bash', 'zsh'] },
  { words: ['adapter', 'install'], summary: 'install', flags: [flag('prefix', [])], values: ['embedded'] },
  { words: ['adapter', 'list'], summary: 'list', flags: [], values: [] },
]

/** What bash offers after this command line, its last word being the one to complete. */
const offered = async (line: string): Promise<string[]> => {
  const words = line.split(' ')
  const { stdout } = await execa('bash', [
    '--norc',
    '-c',
    `${completionScript('bash', 'mcpd', commands)}
COMP_WORDS=(${words.map((word) => `"${word}"`).join(' ')})
COMP_CWORD=${words.length - 1}
_mcpd
printf '%s\\n' "\${COMPREPLY[@]}"`,
  ])
  return stdout.split('\n').filter((word) => word !== '')
}

describe('the script for bash', () => {
  it('offers commands, the words below a topic, flags and known values', async () => {
    expect(await offered('mcpd ')).toEqual(['chat', 'logs', 'completion', 'adapter', '--help', '--version'])
    expect(await offered('mcpd c')).toEqual(['chat', 'completion'])
    expect(await offered('mcpd adapter ')).toEqual(['install', 'list', '--help'])
    expect(await offered('mcpd adapter install --')).toEqual(['--prefix', '--help'])
    expect(await offered('mcpd adapter install ')).toEqual(['embedded', '--prefix', '--help'])
    expect(await offered('mcpd chat --s')).toEqual(['--seed'])
    expect(await offered('mcpd completion z')).toEqual(['zsh'])
  })

  it('offers the values of a flag, and nothing where any value will do', async () => {
    expect(await offered('mcpd logs --level ')).toEqual(['info', 'warn'])
    expect(await offered('mcpd logs -l w')).toEqual(['warn'])
    expect(await offered('mcpd chat --seed ')).toEqual([])
  })

  it('offers flags again after arguments', async () => {
    expect(await offered('mcpd chat tiny "hi" --j')).toEqual(['--json'])
  })
})

describe('the scripts for zsh and fish', () => {
  it('name every command, flag and value', () => {
    for (const shell of ['zsh', 'fish'] as const) {
      const script = completionScript(shell, 'mcpd', commands)
      for (const { words, flags, values } of commands)
        for (const word of [...words, ...flags.map(({ name }) => name), ...values])
          expect(script).toContain(word)
    }
  })

  it('quote apostrophes and what zsh takes for syntax', () => {
    const zsh = completionScript('zsh', 'mcpd', commands)
    expect(zsh).toContain(String.raw`'chat:ask a model, it'\''s fun'`)
    expect(zsh).toContain(String.raw`'--json[the json  it'\''s  so ]'`)
    expect(completionScript('fish', 'mcpd', commands)).toContain(String.raw`-d 'ask a model, it\'s fun'`)
  })
})
