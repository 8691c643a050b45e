import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isRemote } from '../../core/spec-config.ts'
import { McpdError } from '../../core/errors.ts'
import { bundle, pathOf, type Related } from '../bundle.ts'
import { withLock } from '../snapshots/lock.ts'
import { sha256 } from '../snapshots/version.ts'
import { readBlobs, readLog } from './git-log.ts'
import { type Git, openGit, withoutCredentials } from './git-process.ts'
import type { Found, Source } from './source.ts'

export interface GitOptions {
  /** A folder, or an address that git can clone. */
  readonly repository: string
  /** Relative to the top of the repository. */
  readonly path: string
  readonly revision: string
  readonly timeoutMs: number
  readonly sizeMaxBytes: number
  /** Where copies of remote repositories are kept. */
  readonly cacheDir: string
}

/** A document in a git repository, at one revision or through its whole history. */
export const gitSource = (options: GitOptions): Source => {
  const { repository, revision, path, sizeMaxBytes, timeoutMs } = options
  if (revision.startsWith('-') || /[\n\0]/.test(revision + path))
    throw new McpdError('USAGE', `"${revision}:${path}" is not what git calls a revision and a path.`)
  const place = withoutCredentials(isRemote(repository) ? `${repository} ` : '')
  const location = `${place}${revision}:${path}`
  // The commit that is remembered with it says which repository was meant, wherever that lies on a disk.
  const key = `git ${location}`

  const open = async (signal: AbortSignal): Promise<Opened> => {
    const remote = isRemote(repository)
    const outside = openGit(remote ? await copyOf(options, signal) : repository, timeoutMs)
    // Paths of a log start where git runs, those of a revision at the top.
    const top = remote
      ? ''
      : await outside.text(['rev-parse', '--show-cdup', '--show-prefix'], signal).catch(() => '')
    const [up = '', prefix = ''] = top.split('\n')
    const git = up === '' ? outside : openGit(join(repository, up), timeoutMs)
    const inside = path.startsWith('./') ? prefix + path.slice(2) : path
    const head = await git
      .text(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`], signal)
      .catch((error: unknown) => {
        if (signal.aborted) throw error
        throw new McpdError(
          'SOURCE_FAILED',
          `${withoutCredentials(repository)} is no git repository with a revision "${revision}".`,
          {},
          error,
        )
      })
    return { git, head: head.trim(), inside }
  }

  async function* history(signal: AbortSignal): ReturnType<NonNullable<Source['history']>> {
    const { git, head, inside } = await open(signal)
    const revisions = await readLog(git, head, inside, signal)
    if (revisions.length === 0) throw noSuchPath(location)
    await prefetch(
      git,
      revisions.map(({ blob }) => blob),
      isRemote(repository),
      signal,
    )
    for await (const { revision: at, bytes } of readBlobs(git, revisions, sizeMaxBytes, signal))
      yield {
        kind: 'found',
        raw: (await bundle(bytes, relatedTo(git, at.commit.id, at.commit.path, signal), sizeMaxBytes)).raw,
        location: `${place}${at.commit.id.slice(0, 12)}:${at.commit.path}`,
        commit: at.commit,
        memory: { key, head },
      }
  }

  return {
    location,
    fetch: async (known, signal) => {
      const remembered = known?.key === key ? known.head : undefined
      if (
        remembered !== undefined &&
        isRemote(repository) &&
        (await remoteHead(options, signal)) === remembered
      )
        return { kind: 'unchanged' }
      const { git, head, inside } = await open(signal)
      if (head === remembered) return { kind: 'unchanged' }
      const [newest] = await readLog(git, head, inside, signal, 1)
      if (!newest) throw noSuchPath(location)
      const found: Found[] = []
      for await (const { bytes } of readBlobs(git, [newest], sizeMaxBytes, signal)) {
        // What it refers to may be newer than itself.
        const { raw } = await bundle(bytes, relatedTo(git, head, inside, signal), sizeMaxBytes)
        found.push({ kind: 'found', raw, location, commit: newest.commit, memory: { key, head } })
      }
      const [document] = found
      if (document) return document
      throw new McpdError('SOURCE_FAILED', `${location} is over ${sizeMaxBytes} bytes.`)
    },
    history,
  }
}

interface Opened {
  readonly git: Git
  /** The commit that the revision stands at. */
  readonly head: string
  /** The path from the top of the repository. */
  readonly inside: string
}

/** References stay inside of the repository, at one commit. */
const relatedTo = (git: Git, commit: string, own: string, signal: AbortSignal): Related => ({
  resolve: (reference, from) => {
    const id = pathOf(reference, from === '' ? own : from)
    return id === own ? '' : id
  },
  read: async (id) => Buffer.from(await git.text(['cat-file', 'blob', `${commit}:${id}`], signal)),
})

const noSuchPath = (location: string): McpdError =>
  new McpdError('SOURCE_FAILED', `There is no ${location}, or it was deleted.`)

/** One request, so that an unchanged repository costs no more. Undefined when the revision is no branch or tag. */
const remoteHead = async (
  { repository, revision, timeoutMs }: GitOptions,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const text = await openGit('.', timeoutMs).text(
    ['ls-remote', '--end-of-options', repository, revision],
    signal,
  )
  // The pattern `main` finds `feature/main` too.
  const names = [revision, `refs/heads/${revision}`, `refs/tags/${revision}`]
  const lines = text.split('\n').map((line) => line.split('\t'))
  return lines.find(([, name = '']) => names.includes(name))?.[0]
}

/** A bare copy without file contents, which are fetched when they are read. */
const copyOf = ({ repository, cacheDir, timeoutMs }: GitOptions, signal: AbortSignal): Promise<string> => {
  const name = sha256(repository).slice(0, 16)
  const directory = join(cacheDir, name)
  return withLock(join(cacheDir, `${name}.lock`), signal, async () => {
    if (existsSync(join(directory, 'HEAD'))) {
      const git = openGit(directory, timeoutMs)
      await git.text(
        [
          'fetch',
          '--quiet',
          '--prune',
          '--force',
          '--filter=blob:none',
          'origin',
          '+refs/heads/*:refs/heads/*',
          '+refs/tags/*:refs/tags/*',
        ],
        signal,
      )
      return directory
    }
    await mkdir(cacheDir, { recursive: true })
    await openGit(cacheDir, timeoutMs).text(
      ['clone', '--quiet', '--bare', '--filter=blob:none', '--end-of-options', repository, directory],
      signal,
    )
    return directory
  })
}

/** All blobs of a history by one request instead of one each; without it they come one by one. */
const prefetch = async (
  git: Git,
  blobs: readonly string[],
  isCopy: boolean,
  signal: AbortSignal,
): Promise<void> => {
  if (!isCopy) return
  const words = [
    '-c',
    'fetch.negotiationAlgorithm=noop',
    'fetch',
    '--quiet',
    '--no-tags',
    '--no-write-fetch-head',
    '--filter=blob:none',
    '--stdin',
    'origin',
  ]
  try {
    for await (const _ of git.stream(words, `${[...new Set(blobs)].join('\n')}\n`, signal));
  } catch (error) {
    if (signal.aborted) throw error
  }
}
