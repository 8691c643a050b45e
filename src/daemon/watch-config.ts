import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Editors write a file in several steps; the last one counts. */
const quietMs = 200

/**
 * Calls `changed` when the file at `path` has been written or replaced. The folder is watched, not the file, since
 * editors and config maps replace files by renaming.
 */
export const watchConfig = (path: string, changed: () => void): { close(): void } => {
  let timer: NodeJS.Timeout | undefined
  const watcher = watch(dirname(path), { persistent: false }, (_, name) => {
    // A config map swaps a folder link beside the file, so an unknown name may be meant for it too.
    if (name !== null && name !== basename(path) && !name.startsWith('..')) return
    clearTimeout(timer)
    timer = setTimeout(changed, quietMs)
  })
  // A folder that vanishes ends the watching, not the daemon.
  watcher.on('error', () => watcher.close())
  return {
    close: () => {
      clearTimeout(timer)
      watcher.close()
    },
  }
}
