// Read by old versions of Node too: nothing here or in what imports it statically may need a new one to parse.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const needed = [24, 12]

const isNewEnough = (version) => {
  const [major, minor] = version.split('.').map(Number)
  return major > needed[0] || (major === needed[0] && minor >= needed[1])
}

/**
 * Runs `start` on a Node that is new enough. On an older one the same command line runs again with the copy of Node in
 * this package's node_modules, which a clone has; without one it says what to install and exits with 2.
 */
export const onNewNode = (start) => {
  if (isNewEnough(process.versions.node)) start()
  else if (existsSync(copy)) runAgain()
  else sayWhatIsNeeded()
}

const copy = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))

const sayWhatIsNeeded = () => {
  process.stderr.write(
    `mcpd needs Node ${needed.join('.')} or newer; this is ${process.versions.node}.\n` +
      'Install one from https://nodejs.org, or with a version manager: nvm install 24, fnm install 24.\n',
  )
  process.exitCode = 2
}

const runAgain = () => {
  const child = spawn(copy, process.argv.slice(1), { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'])
    process.on(signal, () => {
      // What a terminal sends (Ctrl-C, Ctrl-\, hanging up) reaches the child by itself.
      if (signal === 'SIGTERM' || !process.stdin.isTTY) child.kill(signal)
    })
  child.once('error', (error) => {
    process.stderr.write(`mcpd could not run ${copy}: ${error.message}\n`)
    process.exitCode = 2
  })
  child.once('close', (code, signal) => {
    process.exit(code === null ? 128 + constants.signals[signal] : code)
  })
}
