import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Documents of others, kept outside of the repository: MCPD_CORPUS, or beside it. */
const place = process.env['MCPD_CORPUS'] ?? fileURLToPath(new URL('../../../shared/corpus', import.meta.url))

/** The folder of a corpus, or undefined where it is not there: its tests are then skipped by name. */
export const corpus = (name: string): string | undefined => {
  const folder = join(place, name)
  return existsSync(folder) ? folder : undefined
}

export interface CorpusFile {
  /** Relative to the corpus. */
  readonly name: string
  readonly raw: Buffer
}

/** Every OpenAPI document of a corpus of published documents, by name. */
export const corpusFiles = (folder: string | undefined): readonly CorpusFile[] =>
  folder === undefined
    ? []
    : readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter(
          (entry) => entry.isFile() && entry.parentPath !== folder && /\.(json|ya?ml)$/.test(entry.name),
        )
        .map((entry) => join(entry.parentPath, entry.name))
        .toSorted()
        .map((file) => ({ name: relative(folder, file), raw: readFileSync(file) }))
