import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { McpdError } from '../../core/errors.ts'
import { appendLines, readLines } from './lines.ts'
import { withLock } from './lock.ts'
import { type Acceptance, byTime, type Memory, type Pending, sha256, type Version } from './version.ts'

/**
 * Versions of documents as plain files, to be committed or cached: `NAME/versions.jsonl`, `NAME/accepted.jsonl`,
 * `NAME/raw/SHA256.json`, `NAME/canonical/SHA256.json`, `NAME/source.json`. Several processes may share it.
 */
export interface SpecStore {
  readonly path: string
  /** Of the specs that have a version, sorted. */
  names(): Promise<readonly string[]>
  readonly spec: (name: string) => SpecRecords
}

/** A version that is to be written: all of a line but what the store itself knows. */
export interface Draft {
  readonly facts: Omit<Version, 'number' | 'time' | 'storedAt' | 'sha256' | 'canonical' | 'bytes'>
  readonly raw: Buffer
  readonly canonical: string
  /** Default: now. */
  readonly time?: string
}

export interface SpecRecords {
  readonly name: string
  /** In the order of time. */
  versions(): Promise<readonly Version[]>
  /** Appends what is a change and is not there yet. Resolves with what was written; the first ever is also accepted. */
  add(drafts: readonly Draft[], signal: AbortSignal): Promise<readonly Version[]>
  /** The bytes as they came. Throws SPEC_INVALID when they are not there or not the same any more. */
  raw(version: Version): Promise<Buffer>
  canonical(version: Version): Promise<string>
  /** The one that holds last; undefined before anything is stored. */
  accepted(): Promise<Acceptance | undefined>
  acceptances(): Promise<readonly Acceptance[]>
  accept(version: Version, reason: string, signal: AbortSignal): Promise<Acceptance>
  memory(): Promise<Memory | undefined>
  remember(memory: Memory): Promise<void>
  pending(): Promise<Pending | undefined>
  setPending(pending: Pending | undefined): Promise<void>
  /** When the source was last looked at; kept as the time of a file, so that nothing is written. */
  touch(nowMs: number): Promise<void>
  seenMs(): Promise<number | undefined>
}

export interface StoreOptions {
  readonly path: string
  /** Unix milliseconds. */
  readonly now?: () => number
  /** The fingerprint by today's form, for a version that was stored in another. */
  readonly fingerprintOf?: (raw: Buffer, version: Version) => string | Promise<string>
}

export const openStore = ({ path, now = Date.now, fingerprintOf }: StoreOptions): SpecStore => ({
  path,
  names: async () => {
    const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
    return entries
      .filter((entry) => entry.isDirectory() && existsSync(join(path, entry.name, 'versions.jsonl')))
      .map(({ name }) => name)
      .toSorted()
  },
  spec: (name) => openRecords(path, name, now, fingerprintOf),
})

const openRecords = (
  store: string,
  name: string,
  now: () => number,
  fingerprintOf: StoreOptions['fingerprintOf'],
): SpecRecords => {
  if (name !== basename(name) || name.startsWith('.'))
    throw new McpdError('USAGE', `"${name}" cannot be the name of a spec.`)
  const folder = join(store, name)
  const file = (last: string): string => join(folder, last)
  const locked = <Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> =>
    withLock(join(store, '.locks', name), signal, work)
  const iso = (): string => new Date(now()).toISOString()
  const rawFile = ({ sha256: sum, format }: Pick<Version, 'sha256' | 'format'>): string =>
    join(folder, 'raw', `${sum}.${format}`)

  const write = async ({ facts, raw, canonical, time }: Draft, number: number): Promise<Version> => {
    const version: Version = {
      number,
      time: time ?? iso(),
      storedAt: iso(),
      sha256: sha256(raw),
      canonical: sha256(canonical),
      bytes: raw.length,
      ...facts,
    }
    await writeOnce(rawFile(version), raw)
    await writeOnce(join(folder, 'canonical', `${version.canonical}.json`), canonical)
    return version
  }

  const raw = async (version: Version): Promise<Buffer> => {
    const bytes = await readStored(rawFile(version))
    if (sha256(bytes) !== version.sha256)
      throw new McpdError('SPEC_INVALID', `${rawFile(version)} is not what was stored; the store is damaged.`)
    return bytes
  }

  const isSame = async (previous: Version, { facts, raw: bytes }: Draft): Promise<boolean> => {
    if (previous.sha256 === sha256(bytes)) return true
    if (previous.form === facts.form || !fingerprintOf) return previous.fingerprint === facts.fingerprint
    return (await fingerprintOf(await raw(previous), previous)) === facts.fingerprint
  }

  const add = async (drafts: readonly Draft[]): Promise<readonly Version[]> => {
    const before = await readLines<Version>(file('versions.jsonl'))
    const last = Math.max(0, ...before.map(({ number }) => number))
    const timeline = [...byTime(before)]
    const written: Version[] = []
    for (const draft of drafts) {
      const time = draft.time ?? iso()
      const { commit } = draft.facts
      if (commit && draft.time !== undefined && timeline.some((known) => known.commit?.id === commit.id))
        continue
      const at = timeline.findLastIndex((known) => known.time <= time)
      const previous = timeline[at]
      if (previous && (await isSame(previous, draft))) continue
      const version = await write({ ...draft, time }, last + written.length + 1)
      timeline.splice(at + 1, 0, version)
      written.push(version)
    }
    await appendLines(file('versions.jsonl'), written)
    const [first] = written
    if (first?.number === 1) await appendAcceptance(first, 'the first version stored')
    return written
  }

  const appendAcceptance = async (version: Version, reason: string): Promise<Acceptance> => {
    const acceptance = { number: version.number, sha256: version.sha256, at: iso(), reason }
    await appendLines(file('accepted.jsonl'), [acceptance])
    return acceptance
  }

  return {
    name,
    versions: async () => byTime(await readLines<Version>(file('versions.jsonl'))),
    add: (drafts, signal) =>
      locked(signal, async () => {
        await markForGit(store)
        return add(drafts)
      }),
    raw,
    canonical: async (version) =>
      (await readStored(join(folder, 'canonical', `${version.canonical}.json`))).toString('utf8'),
    accepted: async () => (await readLines<Acceptance>(file('accepted.jsonl'))).at(-1),
    acceptances: () => readLines<Acceptance>(file('accepted.jsonl')),
    accept: (version, reason, signal) => locked(signal, () => appendAcceptance(version, reason)),
    memory: () => readJson<Memory>(file('source.json')),
    remember: (memory) => writeJson(file('source.json'), memory),
    pending: () => readJson<Pending>(file('pending.json')),
    setPending: (pending) =>
      pending ? writeJson(file('pending.json'), pending) : rm(file('pending.json'), { force: true }),
    touch: async (nowMs) => {
      // There is no such file before the first success, and then there is nothing to say either.
      await utimes(file('source.json'), nowMs / 1000, nowMs / 1000).catch(() => undefined)
    },
    seenMs: async () => (await stat(file('source.json')).catch(() => undefined))?.mtimeMs,
  }
}

/** Complete or not at all, and never twice: the name says what is inside. */
const writeOnce = async (file: string, content: Buffer | string): Promise<void> => {
  if (existsSync(file)) return
  await writeWhole(file, content)
}

const writeWhole = async (file: string, content: Buffer | string): Promise<void> => {
  const draft = `${file}.${process.pid}.${(drafts += 1)}.new`
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(draft, content)
  await rename(draft, file)
}
let drafts = 0

const writeJson = (file: string, value: object): Promise<void> =>
  writeWhole(file, `${JSON.stringify(value, undefined, 1)}\n`)

const readJson = async <Value>(file: string): Promise<Value | undefined> => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Value
  } catch {
    // Not there, or spoilt by a merge: it only saves work.
    return undefined
  }
}

const readStored = async (file: string): Promise<Buffer> => {
  try {
    return await readFile(file)
  } catch (error) {
    throw new McpdError('SPEC_INVALID', `${file} cannot be read; the store is damaged.`, {}, error)
  }
}

/** Git must not change line ends of files whose names are their hashes, may keep the lines of both sides of a merge, and takes no locks along. */
const markForGit = async (store: string): Promise<void> => {
  if (!existsSync(join(store, '.gitattributes')))
    await writeWhole(join(store, '.gitattributes'), '* -text\n*.jsonl merge=union\n')
  if (!existsSync(join(store, '.gitignore')))
    await writeWhole(join(store, '.gitignore'), '.locks/\n*.new\npending.json\n')
}
