import type { KeyvStore } from './strict-keyv.ts'

/** Stores of namespaces on one server. */
export interface Stores {
  /** One of its own for each namespace. Rejects where the server cannot be reached or refuses. */
  open(namespace: string): Promise<KeyvStore>
  /** The server did not answer in time. */
  silent(): void
  /** Closes the connections under all of them. */
  close(): Promise<void>
}
