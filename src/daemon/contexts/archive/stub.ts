import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { ContextSummary, StoredTurn } from '../../../core/context.ts'
import { McpdError } from '../../../core/errors.ts'
import { type Cipher, isSealed, keyIdOf } from '../encryption/vault.ts'
import { exportContext } from '../export.ts'
import { sha256 } from '../journal/hashes.ts'
import { damaged } from '../journal/verify.ts'

/** What a journal keeps of a context whose turns are in a file. */
export interface Stub {
  readonly file: string
  /** Of the file's text: its SHA-256, or what stands for it where it is encrypted. */
  readonly name: string
  /** Of the key that it is encrypted with; '' for none. */
  readonly key: string
  /** Of the file. */
  readonly bytes: number
  readonly turns: number
  readonly heads: ContextSummary['heads']
  /** Of all turns, so that they are found. */
  readonly ids: readonly string[]
}

/** Longest text of one export: what is larger stays in the journal. */
const textMaxBytes = 256 * 2 ** 20

/** The file of a context, and what stays of it in the journal. */
export const packContext = async (
  cipher: Cipher,
  summary: ContextSummary,
  turns: readonly StoredTurn[],
): Promise<{ readonly stub: Stub; readonly bytes: Buffer }> => {
  const source = { summary: async () => summary, turns: async () => turns }
  const text = Buffer.from([...((await exportContext(source, cipher.key)) ?? [])].join(''))
  if (text.length > textMaxBytes) throw damaged(cipher.key, 'it is too large to be archived')
  const name = cipher.nameOf(sha256(text))
  const bytes = cipher.seal(placeOf(name), zstdCompressSync(text))
  const stub: Stub = {
    file: `${cipher.key.context}.${name}.jsonl.zst`,
    name,
    key: isSealed(bytes) ? keyIdOf(bytes) : '',
    bytes: bytes.length,
    turns: turns.length,
    heads: summary.heads,
    ids: turns.map(({ id }) => id),
  }
  return { stub, bytes }
}

/** What is in a file, as an export. Throws STORE_UNAVAILABLE where it is missing, CONTEXT_DAMAGED where it is another. */
export const unpackContext = (cipher: Cipher, stub: Stub, bytes: Buffer | undefined): string => {
  if (!bytes) throw missingFile(cipher, stub)
  let text: Buffer
  try {
    const packed = cipher.open(placeOf(stub.name), bytes)
    text = zstdDecompressSync(packed, { maxOutputLength: textMaxBytes })
  } catch (error) {
    if (error instanceof McpdError) throw error
    throw damaged(cipher.key, `its archive ${stub.file} cannot be read`, error)
  }
  // What is encrypted was found to be the same by its key.
  if (!isSealed(bytes) && sha256(text) !== stub.name)
    throw damaged(cipher.key, `its archive ${stub.file} was changed`)
  return text.toString()
}

/** The same file with the key that encrypts now. */
export const repackContext = (
  cipher: Cipher,
  stub: Stub,
  bytes: Buffer,
): { readonly stub: Stub; readonly bytes: Buffer } => {
  const packed = cipher.open(placeOf(stub.name), bytes)
  const name = stub.key === '' ? cipher.nameOf(stub.name) : stub.name
  const sealed = cipher.seal(placeOf(name), packed)
  const file = `${cipher.key.context}.${name}.jsonl.zst`
  return { stub: { ...stub, file, name, key: keyIdOf(sealed), bytes: sealed.length }, bytes: sealed }
}

const placeOf = (name: string): string => `archive ${name}`

const missingFile = ({ key }: Cipher, { file }: Stub): McpdError =>
  new McpdError(
    'STORE_UNAVAILABLE',
    `The context ${key.context} is archived in ${file}, which is not in the directory of contexts.archive.`,
    { suggestions: ['Put the file back there, or make the directory reachable.'] },
  )

/** Of a daemon that does not know where the files are. */
export const noArchive = ({ key }: Cipher): McpdError =>
  new McpdError(
    'CONFIG_INVALID',
    `The context ${key.context} is archived, and this daemon has no contexts.archive.`,
    { suggestions: ['Set contexts.archive.directory as the other daemons have it, and start again.'] },
  )
