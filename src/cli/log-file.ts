import { open, stat, type FileHandle } from 'node:fs/promises'
import { McpdError } from '../core/errors.ts'

const chunkBytes = 64 * 1024
/** A longer line comes out in pieces. */
const lineMaxBytes = 2 ** 20
const lineFeed = 0x0a

export interface FollowOptions {
  /** How many of the lines that are there already to begin with. */
  readonly lines: number
  /** Resolves when it is time to look again; rejects to end the following. Absent: what is there, then the end. */
  readonly wait?: () => Promise<void>
}

/**
 * The last lines of a file, then, with `wait`, every line as it is written: also after the file was truncated, and
 * after it was renamed and begun anew, as log rotation does. With `wait` the file may be missing at first.
 * Throws USAGE without `wait` when there is no such file.
 */
export async function* followLines(path: string, { lines, wait }: FollowOptions): AsyncGenerator<string> {
  let file = await openIfThere(path)
  if (file === undefined && wait === undefined)
    throw new McpdError('USAGE', `There is no log at ${path}.`, {
      suggestions: ['The log begins when a daemon starts: mcpd serve'],
    })
  const reader = createLineReader()
  let offset = file ? await offsetOfLast(file, lines) : 0
  try {
    for (;;) {
      if (file) {
        if ((await file.stat()).size < offset) {
          offset = 0
          reader.clear()
        }
        // Named before the rest is read: what was renamed away since is read to its end first.
        const isReplaced = wait !== undefined && !(await isSameFile(file, path))
        for await (const chunk of readFrom(file, offset)) {
          offset += chunk.length
          yield* reader.push(chunk)
        }
        if (wait === undefined || isReplaced) yield* reader.end()
        if (isReplaced) {
          await file.close()
          file = undefined
          offset = 0
        }
      }
      if (wait === undefined) return
      const next: FileHandle | undefined = file ?? (await openIfThere(path))
      if (next === file || next === undefined) await wait()
      file = next
    }
  } finally {
    await file?.close()
  }
}

const openIfThere = async (path: string): Promise<FileHandle | undefined> => {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new McpdError('USAGE', `The log ${path} cannot be read: ${(error as Error).message}.`, {}, error)
  }
}

/** False too while there is no file of that name. */
const isSameFile = async (file: FileHandle, path: string): Promise<boolean> => {
  const [opened, named] = await Promise.all([file.stat(), stat(path).catch(() => undefined)])
  return named !== undefined && named.ino === opened.ino && named.dev === opened.dev
}

async function* readFrom(file: FileHandle, start: number): AsyncGenerator<Buffer> {
  for (let at = start; ;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, at)
    if (bytesRead === 0) return
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

/** Where the last `lines` lines begin, found from the end backwards. */
const offsetOfLast = async (file: FileHandle, lines: number): Promise<number> => {
  const { size } = await file.stat()
  if (lines === 0) return size
  let missing = lines
  const chunk = Buffer.alloc(chunkBytes)
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - chunkBytes)
    const { bytesRead } = await file.read(chunk, 0, end - start, start)
    // The line feed that ends the file ends the last line; it does not begin another.
    for (let at = bytesRead - 1; at >= 0; at -= 1)
      if (chunk[at] === lineFeed && start + at + 1 < size) {
        missing -= 1
        if (missing === 0) return start + at + 1
      }
    end = start
  }
  return 0
}

const createLineReader = () => {
  let held: Buffer = Buffer.alloc(0)
  return {
    push(chunk: Buffer): string[] {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      const lines: string[] = []
      for (let end = held.indexOf(lineFeed); end !== -1; end = held.indexOf(lineFeed)) {
        lines.push(held.toString('utf8', 0, end))
        held = held.subarray(end + 1)
      }
      if (held.length > lineMaxBytes) lines.push(...this.end())
      return lines
    },
    end(): string[] {
      const rest = held.toString('utf8')
      this.clear()
      return rest === '' ? [] : [rest]
    },
    clear(): void {
      held = Buffer.alloc(0)
    },
  }
}
