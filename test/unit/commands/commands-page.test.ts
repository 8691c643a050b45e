import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Config, settings } from '@oclif/core'
import { expect, it } from 'vitest'

const root = new URL('../../../', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { oclif: object }

it('docs/commands.md has a line with an example for every command, and for no other', async () => {
  settings.enableAutoTranspile = false
  const config = await Config.load({
    root: fileURLToPath(root),
    pjson: { ...manifest, oclif: { ...manifest.oclif, commands: './src/commands' } } as never,
  })
  const page = readFileSync(new URL('docs/commands.md', root), 'utf8')
  const rows = [...page.matchAll(/^\| `mcpd ([a-z ]+)`\s*\|\s*(\S.*?)\s*\| `(.+)`\s*\|$/gm)]
  expect(new Set(rows.map(([, name]) => name))).toEqual(
    new Set(config.commands.map(({ id }) => id.replaceAll(':', ' '))),
  )
  for (const [, name, , example] of rows) expect(example).toContain(`mcpd ${name}`)
})
