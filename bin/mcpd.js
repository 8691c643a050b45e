#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { onNewNode } from './on-new-node.js'

const root = new URL('..', import.meta.url)

onNewNode(async () => {
  if (process.argv[2] === '--version') {
    // Answered here, since loading the commands takes longer than everything else about it.
    const { name, version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
    process.stdout.write(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`)
    return
  }
  const { enableCompileCache } = await import('node:module')
  enableCompileCache()
  const [{ runCli }, { fileURLToPath }] = await Promise.all([
    import('../dist/cli/run.js'),
    import('node:url'),
  ])
  await runCli(process.argv.slice(2), { root: fileURLToPath(root) })
})
