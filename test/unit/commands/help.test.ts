import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Config, settings } from '@oclif/core'
import { describe, expect, it } from 'vitest'
import { runCommand } from './run-command.ts'

const root = new URL('../../../', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { oclif: object }

settings.enableAutoTranspile = false
const config = await Config.load({
  root: fileURLToPath(root),
  pjson: { ...manifest, oclif: { ...manifest.oclif, commands: './src/commands' } } as never,
})

/** From the program's name on: what stands before it, such as `nice -n 10`, has flags of its own. */
const ownWords = (line: string): string => line.slice(line.indexOf('<%= config.bin')).split(' | ')[0] ?? ''

describe.for(config.commands.map((command) => [command.id.replaceAll(':', ' '), command] as const))(
  'mcpd %s',
  ([id, command]) => {
    it('has examples that run it, with flags written out', () => {
      const examples = (command.examples ?? []) as { description: string; command: string }[]
      expect(examples.length).toBeGreaterThan(0)
      for (const example of examples) {
        expect(example.description).not.toBe('')
        expect(example.command).toContain(`<%= config.bin %> ${id}`)
        // One dash and one letter: a short flag.
        expect(ownWords(example.command)).not.toMatch(/ -[a-z]\b/)
      }
    })

    it('has examples whose flags exist', () => {
      const known = new Set([...Object.keys(command.flags), 'help'])
      for (const { command: line } of command.examples as { command: string }[])
        for (const [, flag] of (line.split(/ \| /)[0] ?? '').matchAll(/--([a-z-]+)/g))
          expect(known).toContain(flag)
    })

    it('takes --json and describes itself in lower case', () => {
      expect(Object.keys(command.flags)).toContain('json')
      expect(command.summary).toMatch(/^[a-z]/)
    })

    it('has no flag that would carry a secret', () => {
      for (const flag of Object.keys(command.flags)) expect(flag).not.toMatch(/(key|token|password|secret)$/)
    })
  },
)

describe('mcpd --help', () => {
  it('shows examples', async () => {
    const { code, out } = await runCommand(['serve', '--help'])
    expect(code).toBe(0)
    expect(out).toContain('EXAMPLES')
    expect(out).toContain('$ mcpd serve --detach --port 0 --json')
  })
})
