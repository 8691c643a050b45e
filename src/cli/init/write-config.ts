import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { McpdError } from '../../core/errors.ts'

/**
 * Writes the whole file or nothing. One that is there is replaced only if `force` says so.
 * Throws CONFLICT, or USAGE for a place that cannot be written.
 */
export const writeConfig = (path: string, text: string, force: boolean): void => {
  // What is replaced stays whole until its successor is.
  const fresh = force ? `${path}.${process.pid}.new` : path
  try {
    writeFileSync(fresh, text, { flag: 'wx' })
    if (force) renameSync(fresh, path)
  } catch (error) {
    if (!force && (error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new McpdError('CONFLICT', `${path} is there already.`, {
        suggestions: ['Replace it: --force', 'Write another file: --output FILE', 'Only look: --print'],
      })
    rmSync(fresh, { force: true })
    throw new McpdError('USAGE', `${path} cannot be written: ${(error as Error).message}.`, {}, error)
  }
}
