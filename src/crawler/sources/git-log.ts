import { McpdError } from '../../core/errors.ts'
import type { Commit } from '../snapshots/version.ts'
import type { Git } from './git-process.ts'

/** A commit that changed the document, and the blob it is in from then on. */
export interface Revision {
  readonly commit: Commit
  readonly blob: string
}

/** Longest history that is read; the newest commits of it. */
const commitsMax = 20_000

/** The commits on the first-parent line of `head` that changed `path`, oldest first, renames followed. */
export const readLog = async (
  git: Git,
  head: string,
  path: string,
  signal: AbortSignal,
  countMax = commitsMax,
): Promise<readonly Revision[]> => {
  const format = '%x01%H%x02%an%x02%cI%x02%s%x02'
  const words = ['log', '--first-parent', '--follow', '--raw', '--no-abbrev', '-z', `--format=${format}`]
  const text = await git.text([...words, `--max-count=${countMax}`, head, '--', path], signal)
  return text.split('\u0001').slice(1).flatMap(parseEntry).toReversed()
}

const parseEntry = (entry: string): readonly Revision[] => {
  const [id = '', author = '', date = '', subject = '', changes = ''] = entry.split('\u0002')
  const [facts = '', ...paths] = changes
    .split('\0')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  const [, , , blob = '', status = 'D'] = facts.split(' ')
  const path = paths.at(-1)
  // A deleted document has no version; it may come back.
  if (status.startsWith('D') || path === undefined) return []
  return [{ blob, commit: { id, author, date: new Date(date).toISOString(), subject, path } }]
}

export interface Blob {
  readonly revision: Revision
  readonly bytes: Buffer
}

/** The blobs of these revisions, in order, from one process and one at a time. Larger ones are left out. */
export async function* readBlobs(
  git: Git,
  revisions: readonly Revision[],
  sizeMaxBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Blob> {
  if (revisions.length === 0) return
  const input = revisions.map(({ blob }) => `${blob}\n`).join('')
  const reader = createReader(git.stream(['cat-file', '--batch'], input, signal))
  for (const revision of revisions) {
    const [, kind, size] = (await reader.line()).split(' ')
    if (kind === 'missing') continue
    const length = Number(size)
    const isWanted = kind === 'blob' && length <= sizeMaxBytes
    const bytes = await reader.take(length, isWanted)
    await reader.take(1, false)
    if (isWanted) yield { revision, bytes }
  }
}

interface Reader {
  line(): Promise<string>
  /** The next bytes; empty when they are not to be kept. */
  take(length: number, isKept: boolean): Promise<Buffer>
}

const createReader = (chunks: AsyncIterable<Buffer>): Reader => {
  const source = chunks[Symbol.asyncIterator]()
  let held: Buffer = Buffer.alloc(0)
  const more = async (): Promise<void> => {
    const { done, value } = await source.next()
    if (done) throw new McpdError('SOURCE_FAILED', 'git ended before it had given every document.')
    held = held.length === 0 ? value : Buffer.concat([held, value])
  }
  return {
    line: async () => {
      for (;;) {
        const end = held.indexOf(10)
        if (end >= 0) {
          const line = held.toString('utf8', 0, end)
          held = held.subarray(end + 1)
          return line
        }
        await more()
      }
    },
    take: async (length, isKept) => {
      const parts: Buffer[] = []
      for (let left = length; left > 0;) {
        if (held.length === 0) await more()
        const part = held.subarray(0, left)
        if (isKept) parts.push(part)
        held = held.subarray(part.length)
        left -= part.length
      }
      return Buffer.concat(parts)
    },
  }
}
