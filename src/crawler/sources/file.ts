import { constants, existsSync } from 'node:fs'
import { glob, open, realpath } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { McpdError } from '../../core/errors.ts'
import { bundle, pathOf, type Related } from '../bundle.ts'
import type { Source } from './source.ts'

/** A document on this disk. */
export const fileSource = (path: string, sizeMaxBytes: number): Source => ({
  location: shownPath(path),
  fetch: async (_, signal) => {
    signal.throwIfAborted()
    const own = await readBounded(path, sizeMaxBytes)
    const { raw } = await bundle(own, await relatedTo(path, sizeMaxBytes), sizeMaxBytes)
    // The time of the file is no proof that nothing changed, so it is read each time; `source.json` marks the look.
    return { kind: 'found', raw, location: shownPath(path), memory: { key: shownPath(path) } }
  },
})

/** References stay inside of the repository that the file is in, or of its folder. */
const relatedTo = async (path: string, sizeMaxBytes: number): Promise<Related> => {
  const file = await realpath(path)
  const top = topOf(dirname(file))
  const own = relative(top, file).split(sep).join('/')
  return {
    resolve: (reference, from) => {
      const id = pathOf(reference, from === '' ? own : from)
      return id === own ? '' : id
    },
    read: async (id) => {
      const target = await realpath(join(top, id)).catch(() => join(top, id))
      // A link may lead anywhere.
      if (!target.startsWith(top.endsWith(sep) ? top : top + sep))
        throw new McpdError('SOURCE_REFUSED', `${id} leads out of ${top}.`)
      return readBounded(target, sizeMaxBytes)
    },
  }
}

const topOf = (folder: string): string => {
  for (let at = folder; dirname(at) !== at; at = dirname(at)) if (existsSync(join(at, '.git'))) return at
  return folder
}

/** Relative where that is shorter to read, and the same on another machine. */
const shownPath = (path: string): string => {
  const near = relative(process.cwd(), path)
  return near === '' || near.startsWith('..') ? path : near
}

/** Throws SOURCE_FAILED for what is no file, cannot be read, or is too large. */
export const readBounded = async (path: string, sizeMaxBytes: number): Promise<Buffer> => {
  const failed = (why: string, cause?: unknown): McpdError =>
    new McpdError('SOURCE_FAILED', `${shownPath(path)} cannot be read: ${why}.`, {}, cause)
  // Opening a pipe that nobody writes to would wait for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      throw failed(error.code === 'ENOENT' ? 'there is no such file' : (error.code ?? error.message), error)
    },
  )
  try {
    const facts = await file.stat()
    if (!facts.isFile()) throw failed('it is no regular file')
    if (facts.size > sizeMaxBytes) throw failed(`it is over ${sizeMaxBytes} bytes`)
    return await file.readFile()
  } finally {
    await file.close()
  }
}

const matchesMax = 1000

export const isGlob = (path: string): boolean => /[*?[{]/.test(path)

/** The files that a pattern means, sorted. Throws SOURCE_FAILED when there are none, or more than a thousand. */
export const expandGlob = async (pattern: string, cwd: string): Promise<readonly string[]> => {
  const found: string[] = []
  for await (const path of glob(pattern, {
    cwd,
    exclude: (name) => /(^|\/)(node_modules|\.git)$/.test(name),
  })) {
    found.push(path)
    if (found.length > matchesMax)
      throw new McpdError(
        'SOURCE_FAILED',
        `${pattern} means more than ${matchesMax} files; say it more narrowly.`,
      )
  }
  if (found.length === 0) throw new McpdError('SOURCE_FAILED', `${pattern} means no file.`)
  return found.toSorted()
}
