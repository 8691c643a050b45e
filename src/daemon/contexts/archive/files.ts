import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { McpdError } from '../../../core/errors.ts'

/**
 * Files of one directory that are there whole or not at all. Names are of letters, digits and `._-`. Throws
 * STORE_UNAVAILABLE where the directory cannot be read or written, or its disk is full.
 */
export interface ArchiveFiles {
  /** On the disk when it resolves, its name too. */
  write(name: string, bytes: Buffer): Promise<void>
  /** Undefined where there is none. */
  read(name: string): Promise<Buffer | undefined>
  /** Makes it as young as a new one. */
  touch(name: string): Promise<void>
  /** Resolves where there is none, too. */
  remove(name: string): Promise<void>
  /** Of files, also of those half written, that nobody has touched for so long. */
  untouched(ms: number): Promise<readonly string[]>
}

export const openArchiveFiles = (directory: string): ArchiveFiles => {
  const files = filesIn(directory)
  return {
    write: (...args) => files.write(...args).catch(refuse),
    read: (...args) => files.read(...args).catch(refuse),
    touch: (...args) => files.touch(...args).catch(refuse),
    remove: (...args) => files.remove(...args).catch(refuse),
    untouched: (...args) => files.untouched(...args).catch(refuse),
  }
}

const filesIn = (directory: string): ArchiveFiles => ({
  write: async (name, bytes) => {
    // What people said is nobody else's to read.
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const path = join(directory, name)
    const half = `${path}.${randomBytes(6).toString('hex')}.half`
    await using file = await open(half, 'wx', 0o600)
    await file.writeFile(bytes)
    await file.sync()
    await rename(half, path)
    await using folder = await open(directory, 'r')
    await folder.sync()
  },
  read: (name) => readFile(join(directory, name)).catch(whenMissing),
  touch: async (name) => {
    const now = new Date()
    await utimes(join(directory, name), now, now).catch(whenMissing)
  },
  remove: (name) => rm(join(directory, name), { force: true }),
  untouched: async (ms) => {
    const names = (await readdir(directory).catch(whenMissing)) ?? []
    const old: string[] = []
    for (const name of names) {
      const { mtimeMs = Infinity } = (await stat(join(directory, name)).catch(whenMissing)) ?? {}
      if (mtimeMs <= Date.now() - ms) old.push(name)
    }
    return old
  },
})

const whenMissing = (error: unknown): undefined => {
  if ((error as { code?: string } | undefined)?.code !== 'ENOENT') throw error
  return undefined
}

const refuse = (error: unknown): never => {
  const { code = 'an error' } = error as { readonly code?: string }
  throw new McpdError(
    'STORE_UNAVAILABLE',
    `The directory of contexts.archive cannot be read or written: ${code}.`,
    { retryAfterSeconds: 5 },
    error,
  )
}
