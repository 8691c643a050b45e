#!/usr/bin/env node
import { onNewNode } from './on-new-node.js'

onNewNode(async () => {
  const { enableCompileCache } = await import('node:module')
  enableCompileCache()
  const { main } = await (process.env.MCPD_SOURCE === '1'
    ? import('../src/daemon/main.ts')
    : import('../dist/daemon/main.js'))
  await main(process.argv.slice(2))
})
