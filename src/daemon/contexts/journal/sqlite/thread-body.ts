import type { MasterKey } from '../../encryption/vault.ts'
import type { Question } from './wire.ts'

/** What a thread is told when it starts. */
export interface ThreadStart {
  readonly role: 'writer' | 'reader' | 'spool'
  readonly path: string
  readonly searchPath: string
  readonly owner: string
  readonly consumers: readonly string[]
  readonly maxPages?: number
  /** Encrypt what is kept; none do not. */
  readonly keys: readonly MasterKey[]
}

/** What a thread does with its questions: all that had come when it looked. It must answer each, now or later. */
export interface ThreadBody {
  readonly take: (questions: readonly Question[]) => void
  readonly close: () => void
}

export interface Replies {
  readonly answer: (id: number, answer: unknown, bytes?: ArrayBuffer) => void
  readonly fail: (id: number, error: unknown) => void
  readonly note: (note: 'committed') => void
}
