#!/usr/bin/env node
// mcpd straight from src/*.ts, without a build. The processes it starts do the same.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { onNewNode } from './on-new-node.js'

onNewNode(async () => {
  process.env.MCPD_SOURCE = '1'
  const root = new URL('..', import.meta.url)
  const pjson = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
  const { runCli } = await import('../src/cli/run.ts')
  await runCli(process.argv.slice(2), {
    root: fileURLToPath(root),
    pjson: { ...pjson, oclif: { ...pjson.oclif, commands: './src/commands' } },
  })
})
