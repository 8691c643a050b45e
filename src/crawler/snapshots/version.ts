import { createHash } from 'node:crypto'

/** What git knows of the change that brought a document. */
export interface Commit {
  readonly id: string
  readonly author: string
  /** When it was committed; ISO 8601. */
  readonly date: string
  readonly subject: string
  /** Where the document was at that commit. */
  readonly path: string
}

/** One line of a spec's version list. Never changed once written. */
export interface Version {
  /** From 1, in the order of the list. */
  readonly number: number
  /** From when on the document was like this: the commit's date for a history, else when it was seen. ISO 8601. */
  readonly time: string
  readonly storedAt: string
  /** Of the raw bytes, hex; names the file. */
  readonly sha256: string
  /** Of the canonical document, hex; names the file. */
  readonly canonical: string
  /** Of the canonical document without what a server writes anew each time, such as its own address. */
  readonly fingerprint: string
  /** Which form of canonical document mcpd made; another form is no change of the API. */
  readonly form: number
  readonly format: 'json' | 'yaml'
  readonly bytes: number
  /** As the document says: `2.0`, `3.1.0`. */
  readonly openapi: string
  readonly title?: string
  /** `info.version`. */
  readonly apiVersion?: string
  readonly operations: number
  /** Where it came from, without credentials. */
  readonly source: string
  readonly commit?: Commit
}

/** One line of the list of accepted versions; the last one holds. */
export interface Acceptance {
  readonly number: number
  readonly sha256: string
  readonly at: string
  readonly reason: string
}

/** What is known of a source from the last look. Validators hold for the same address and kind of credentials only. */
export interface Memory {
  readonly key: string
  /** Where the document was found, where that had to be looked for. */
  readonly location?: string
  readonly etag?: string
  readonly lastModified?: string
  /** The commit that the revision stood at. */
  readonly head?: string
}

/** A document that lacks operations its predecessor has, seen once: it counts when it is seen again. */
export interface Pending {
  readonly fingerprint: string
  readonly since: string
  readonly removed: readonly string[]
}

/** In the order of time; what came later in the list stands later where times are the same. */
export const byTime = (versions: readonly Version[]): readonly Version[] =>
  versions.toSorted((left, right) => left.time.localeCompare(right.time) || left.number - right.number)

export const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex')
